/**
 * The docs name what exists. docs/ARCHITECTURE.md and docs/engine.md walk through a request by function names: each must
 * be in the file that it is said to be in, of `src` or, for Rust, of the whole project. Every page's links, headings and
 * paths lead somewhere, and each page is in the index.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { blocksOf, fileOf, pages } from '../support/doc-programs.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8')
const walked = read('docs/ARCHITECTURE.md') + read('docs/engine.md')

/** Rows of the tables of steps: | step | `file` | `name` | what it does | */
const steps = [...walked.matchAll(/^\| *\d+ *\| *`([^`]+)` *\| *`([^`]+)` *\|/gm)].map((row) => ({
  file: row[1]!,
  name: row[2]!,
}))

test('there are steps', () => expect(steps.length).toBeGreaterThan(20))

describe.each(steps)('$file has $name', ({ file, name }) => {
  test('as the document says', () => {
    if (file.endsWith('.rs')) {
      expect(read(file)).toMatch(new RegExp(`\\bfn ${name}\\b`))
      return
    }
    const [owner, member] = name.includes('.') ? name.split('.') : [undefined, name]
    const text = read(`src/${file}`)
    if (owner !== undefined) expect(text).toMatch(new RegExp(`\\b(class|interface) ${owner}\\b`))
    const plain = member!.replace(/[()]/g, '').replace('#', '#?')
    expect(text).toMatch(
      new RegExp(`(function |const |async |readonly |protected |get |^\\s+|\\*)${plain}\\b ?[=(:<]`, 'm'),
    )
  })
})

/** A page without its code blocks. */
const proseOf = (page: string): string => read(page).replace(/^```[\s\S]*?^```$/gm, '')

/** As GitHub names the headings of a page in its links. */
const headingsOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )

const isMarkdown = (path: string): boolean => path.endsWith('.md')

describe.each([...pages, 'CHANGELOG.md', 'CONTRIBUTING.md'])('%s', (page) => {
  test('links, headings and paths lead somewhere', () => {
    const text = proseOf(page)
    for (const [, target, heading] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
      const path = target === '' ? page : normalize(join(dirname(page), target!))
      expect(existsSync(`${root}${path}`), target).toBe(true)
      if (heading !== undefined && isMarkdown(path)) expect(headingsOf(path)).toContain(heading)
    }
    for (const [, path] of text.matchAll(/`((?:src|test|examples|docs|engine|scripts)\/[\w./-]+)`/g)) {
      expect(existsSync(`${root}${path}`), path).toBe(true)
    }
  })

  test('each block says what it is, and TypeScript is a program or a fragment', () => {
    for (const block of blocksOf(page)) {
      const { language, line } = block
      expect(language, `line ${line}`).toMatch(
        /^(ts|ts fragment|js|sh|json|text|yaml|ini|dockerfile|python|rust)$/,
      )
      if (language === 'ts') expect(fileOf(block), `line ${line}`).toBeDefined()
    }
  })
})

test('the Rust that is shown is the Rust that is compiled', () => {
  const compiled = read('test/interop/peers/rust/examples/docs.rs').replace(/^ +/gm, '')
  const shown = pages.flatMap((page) => blocksOf(page).filter(({ language }) => language === 'rust'))
  expect(shown.length).toBeGreaterThan(0)
  for (const { text } of shown) expect(compiled).toContain(text.replace(/^ +/gm, ''))
})

test('the API reference has each sub-path that is exported', () => {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, { types?: string }> }
  const sources = Object.values(exports).flatMap(
    ({ types }) => types?.replace('./dist', 'src').replace('.d.ts', '.ts') ?? [],
  )
  const settings = read('typedoc.jsonc').replace(/^\s*\/\/.*$/gm, '')
  const { entryPoints } = JSON.parse(settings) as { entryPoints: string[] }
  expect(entryPoints.sort()).toEqual(sources.sort())
})

test('the index has each page', () => {
  const index = read('docs/README.md')
  const missing = pages.filter((page) => {
    const name = page.replace('docs/', '')
    return name !== 'README.md' && !index.includes(`](${name}`)
  })
  expect(missing).toEqual([])
})
