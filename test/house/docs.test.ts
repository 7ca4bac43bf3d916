/** docs/ARCHITECTURE.md walks through a request by function names: each must be in the file that it is said to be in. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8')
const architecture = read('docs/ARCHITECTURE.md')

/** Rows of the tables of steps: | step | `file` | `name` | what it does | */
const steps = [...architecture.matchAll(/^\| *\d+ *\| *`([^`]+)` *\| *`([^`]+)` *\|/gm)].map((row) => ({
  file: row[1]!,
  name: row[2]!,
}))

test('there are steps', () => expect(steps.length).toBeGreaterThan(20))

describe.each(steps)('$file has $name', ({ file, name }) => {
  test('as the document says', () => {
    const [owner, member] = name.includes('.') ? name.split('.') : [undefined, name]
    const text = read(`src/${file}`)
    if (owner !== undefined) expect(text).toMatch(new RegExp(`\\b(class|interface) ${owner}\\b`))
    const plain = member!.replace(/[()]/g, '').replace('#', '#?')
    expect(text).toMatch(
      new RegExp(`(function |const |async |readonly |protected |get |^\\s+|\\*)${plain}\\b ?[=(:<]`, 'm'),
    )
  })
})

describe.each(['README.md', 'docs/ARCHITECTURE.md'])('%s', (file) => {
  test('links and paths lead somewhere', () => {
    const text = read(file)
    const folder = file.includes('/') ? 'docs/' : ''
    for (const [, target] of text.matchAll(/\]\((?!http|#)([^)#]+)/g)) {
      expect(existsSync(`${root}${folder}${target}`), target).toBe(true)
    }
    for (const [, path] of text.matchAll(/`((?:src|test|examples|docs)\/[\w./-]+)`/g)) {
      expect(existsSync(`${root}${path}`), path).toBe(true)
    }
  })
})
