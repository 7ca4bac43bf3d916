/** The programs of docs/plugins.md, as they stand there: type-checked, compiled and run. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { compilePage } from '../../support/doc-programs.js'

test('compile and print what the text says', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/plugins.md')
  expect([files, faults]).toEqual([['budget.ts', 'main.ts'], []])

  const file = join(folder, 'spent.json')
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.js')], {
    env: { ...process.env, BUDGET_FILE: file },
  })
  const [first, second, third, ...stats] = stdout.trim().split('\n')
  expect([first, third, stats.join('')]).toEqual(['4 words', '2 words', '{ spent: 6, refused: 1 }'])
  expect(second).toContain('request processing failed')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([[expect.any(String), 6]])
})
