/** The programs of docs/testing.md: type-checked against the package as its users get it, and run by both test runners. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { compilePage } from './support/doc-programs.js'

const run = promisify(execFile)
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))

test('compiles, and its tests pass under vitest and node:test', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/testing.md')
  const names = [
    'weather/miner.ts',
    'weather/miner.test.ts',
    'weather/changes.test.ts',
    'weather/round.test.ts',
  ]
  expect([files, faults]).toEqual([names, []])
  writeFileSync(join(folder, 'vitest.config.js'), 'export default {}\n') // not the project's
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, VITEST: undefined }
  const at = (name: string) => join(folder, 'weather', `${name}.test.js`)
  const [byVitest, byNode] = await Promise.all([
    run(process.execPath, [vitest, 'run', '--root', folder, 'weather/miner.test.js'], {
      env,
    }),
    run(process.execPath, ['--test', '--test-reporter', 'tap', at('changes'), at('round')], { env }),
  ])
  expect(byVitest.stdout).toMatch(/Tests.*2 passed/)
  expect(byNode.stdout).toMatch(/# pass 3\n# fail 0/)
})
