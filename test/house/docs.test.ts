/**
 * docs/ARCHITECTURE.md and docs/engine.md walk through a request by function names: each must be in the file that it is
 * said to be in, of `src` or, for Rust, of the whole project.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8')
const pages = read('docs/ARCHITECTURE.md') + read('docs/engine.md')

/** Rows of the tables of steps: | step | `file` | `name` | what it does | */
const steps = [...pages.matchAll(/^\| *\d+ *\| *`([^`]+)` *\| *`([^`]+)` *\|/gm)].map((row) => ({
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

describe.each(['README.md', 'docs/ARCHITECTURE.md', 'docs/chain.md', 'docs/command.md', 'docs/engine.md'])('%s', (file) => {
  test('links and paths lead somewhere', () => {
    const text = read(file)
    const folder = file.includes('/') ? 'docs/' : ''
    for (const [, target] of text.matchAll(/\]\((?!http|#)([^)#]+)/g)) {
      expect(existsSync(`${root}${folder}${target}`), target).toBe(true)
    }
    for (const [, path] of text.matchAll(/`((?:src|test|examples|docs|engine|scripts)\/[\w./-]+)`/g)) {
      expect(existsSync(`${root}${path}`), path).toBe(true)
    }
  })
})
