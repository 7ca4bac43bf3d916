/** The programs of docs/validator.md, as they stand there: compiled, and the validator run over ten miners. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { synapse } from '../../src/index.js'
import { compilePage } from '../support/doc-programs.js'
import { startMiners } from '../support/subnet.js'

test('the validator asks ten miners, in at most 30 lines', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/validator.md')
  expect(faults).toEqual([])
  expect(files).toEqual(['rounds/contract.ts', 'rounds/validator.ts', 'rounds/logged.ts', 'rounds/vector.ts'])
  expect(readFileSync(join(folder, 'rounds/validator.ts'), 'utf8').split('\n').length).toBeLessThanOrEqual(30)

  const Measure = synapse('Measure', {})
  const miners = await startMiners(10, {
    with: (miner) => miner.synapse(Measure, ({ text }) => ({ characters: String(text).length })),
  })
  const list = join(folder, 'miners.json')
  writeFileSync(list, JSON.stringify(miners.map(({ axon }) => axon)))
  const env = { ...process.env, MINERS: list, VALIDATOR_SEED: `0x${'02'.repeat(32)}` }
  const child = spawn(process.execPath, [join(folder, 'rounds/validator.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = (await text(child.stdout!)).trim().split('\n')
  expect(lines).toHaveLength(10)
  for (const [i, line] of lines.entries())
    expect(line).toMatch(new RegExp(`^${miners[i]!.axon.hotkey} \\d+ [\\d.]+ ms$`))
})
