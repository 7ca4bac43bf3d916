/** The code in the pages of the docs, as it stands there. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** README.md and every page in `docs`, as paths from the project's root. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export interface Block {
  /** What stands behind the fence: `ts`, `ts fragment`, `sh`. */
  readonly language: string
  readonly text: string
  /** Of the fence. */
  readonly line: number
}

/** Every code block of a page. @param page path from the project's root */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    text: match[2]!,
    line: text.slice(0, match.index).split('\n').length,
  }))
}

/** The file that a program names in its first line; undefined for other blocks. */
export const fileOf = ({ language, text }: Block): string | undefined =>
  language === 'ts' ? /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] : undefined

export interface DocPrograms {
  /** Where they were compiled to. */
  readonly folder: string
  /** As the page names them. */
  readonly files: readonly string[]
  /** What the compiler says of them. */
  readonly faults: readonly string[]
}

/**
 * Compiles the programs of a page, which are the blocks whose first line names a file, against the package as its users
 * get it.
 * @param page path from the project's root
 */
export function compilePage(page: string): DocPrograms {
  const folder = emptyFolder(join(root, 'build', 'docs', page))
  const files = writePrograms(page, folder)
  const faults = compile(
    files.map((file) => join(folder, file)),
    folder,
  )
  return { folder, files, faults: faults.map(({ text }) => text) }
}

/**
 * Compiles all code of all pages in one go: the programs, each page in a folder of its own, and the fragments (blocks
 * `ts fragment`), each a module of its own that knows the names of `doc-preamble.ts`.
 * @returns what the compiler says, with the place
 */
export function compileAllPages(): { folder: string; faults: string[] } {
  const folder = emptyFolder(join(root, 'build', 'all-docs'))
  const preamble = readFileSync(join(root, 'test/support/doc-preamble.ts'), 'utf8')
  writeFileSync(join(folder, 'preamble.ts'), preamble)
  const known = [...preamble.matchAll(/^export declare const (\w+)/gm)].map(([, name]) => name).join(', ')
  const files = pages.flatMap((page) => {
    const programs = writePrograms(page, join(folder, page)).map((file) => join(folder, page, file))
    const fragments = blocksOf(page)
      .filter(({ language }) => language === 'ts fragment')
      .map(({ text, line }) => {
        const path = join(folder, page, `line-${line}.fragment.ts`)
        mkdirSync(dirname(path), { recursive: true })
        const from = `${'../'.repeat(page.split('/').length)}preamble.js`
        writeFileSync(path, `import { ${known} } from '${from}'\n${text}`)
        return path
      })
    return [...programs, ...fragments]
  })
  const faults = compile(files, folder)
    // what a fragment shows need not be used in it
    .filter(({ file, code }) => !(code === NEVER_READ && file.endsWith('.fragment.ts')))
    .map(({ file, text }) => `${file.slice(folder.length + 1)}: ${text}`)
  return { folder, faults }
}

/** TypeScript's "'x' is declared but its value is never read." */
const NEVER_READ = 6133

function emptyFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

function writePrograms(page: string, folder: string): string[] {
  return blocksOf(page).flatMap((block) => {
    const file = fileOf(block)
    if (file === undefined) return []
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, block.text)
    return [file]
  })
}

interface Fault {
  readonly file: string
  readonly code: number
  readonly text: string
}

function compile(files: readonly string[], folder: string): Fault[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(files, {
    ...options,
    noEmit: false,
    paths: {},
    rootDir: folder,
    outDir: folder,
  })
  const faults = ts.getPreEmitDiagnostics(program)
  program.emit()
  return faults.map(({ file, code, messageText }) => ({
    file: file?.fileName ?? folder,
    code,
    text: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }))
}
