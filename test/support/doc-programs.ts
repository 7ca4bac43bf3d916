/** The programs in a page of the docs, as they stand there. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface DocPrograms {
  /** Where they were compiled to. */
  readonly folder: string
  /** As the page names them. */
  readonly files: readonly string[]
  /** What the compiler says of them. */
  readonly faults: readonly string[]
}

/**
 * Compiles the code blocks of a page whose first line names a file, against the package as its users get it.
 * @param page path from the project's root
 */
export function compilePage(page: string): DocPrograms {
  const folder = join(root, 'build', 'docs', page)
  rmSync(folder, { recursive: true, force: true })
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)
  const files = [...blocks].map(([, file, text]) => {
    const path = join(folder, file!)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text!)
    return file!
  })
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    { ...options, noEmit: false, paths: {}, rootDir: folder, outDir: folder },
  )
  const faults = ts.getPreEmitDiagnostics(program)
  program.emit()
  return {
    folder,
    files,
    faults: faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  }
}
