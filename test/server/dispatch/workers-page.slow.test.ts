/** The programs of docs/workers.md, as they stand there: type-checked, compiled and run. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { compilePage } from '../../support/doc-programs.js'

test('compile and print what the text says', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/workers.md')
  expect([files, faults]).toEqual([['contract.ts', 'digest-miner.ts', 'main.ts'], []])
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.js')])
  expect(stdout).toBe('64 digits from a worker thread\n')
})
