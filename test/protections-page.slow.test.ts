/** The program of docs/protections.md: type-checked, and it makes the rules that the text names. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { LevinError, Miner } from '../src/index.js'
import { compilePage } from './support/doc-programs.js'

test('compiles and makes the rules', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/protections.md')
  expect([files, faults]).toEqual([['access.ts'], []])
  const { access } = await import(pathToFileURL(join(folder, 'access.js')).href)
  expect(access.name).toBe(
    'all(denylist(0 hotkeys), any(allowlist(0 hotkeys), all(validatorPermit(), minStake(1000))))',
  )
})

test('each option of a miner is in the tables there or in docs/options.md', () => {
  const pages = readFileSync('docs/options.md', 'utf8') + readFileSync('docs/protections.md', 'utf8')
  const [, known] = /there are (.*)$/.exec(messageOf(() => new Miner({ none: 1 } as never)))!
  const missing = known!.split(', ').filter((option) => !pages.includes(`\`${option}`))
  expect(missing).toEqual(['clock']) // for tests
})

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return LevinError.from(error).message
  }
  throw new Error('it did not throw')
}
