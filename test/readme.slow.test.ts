/** The README's programs, as they stand there: type-checked, compiled and run against each other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { compilePage } from './support/doc-programs.js'
import { minerSigner, validatorSigner } from './support/hotkeys.js'

const started: ChildProcess[] = []

afterAll(() => {
  for (const child of started) child.kill()
})

test('the contract, the miner and the validator compile and do what the text says', {
  timeout: 60_000,
}, async () => {
  const { folder, files, faults } = compilePage('README.md')
  expect(files).toEqual(['weather/contract.ts', 'weather/miner.ts', 'weather/validator.ts'])
  expect(faults).toEqual([])

  const run = (name: string, env: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, [join(folder, 'weather', `${name}.js`)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    started.push(child)
    return child
  }
  const seed = (byte: string) => `0x${byte.repeat(32)}`
  const miner = run('miner', { MINER_SEED: seed('01'), VALIDATORS: validatorSigner.hotkey, PORT: '0' })
  const [first] = (await once(createInterface({ input: miner.stdout! }), 'line')) as [string]
  const port = first.replace('listening ', '')
  const validator = run('validator', { VALIDATOR_SEED: seed('02'), MINER: minerSigner.hotkey, PORT: port })
  let printed = ''
  validator.stdout!.on('data', (text) => {
    printed += text
  })
  const [code] = (await once(validator, 'exit')) as [number]
  expect(printed).toMatch(
    /^28, 1, 4 after [\d.]+ ms\n28 degrees in Oslo\. 1 degrees in Oslo\. 4 degrees in Oslo\. $/,
  )
  expect(code).toBe(0)
  miner.kill('SIGTERM')
  const [minerCode] = (await once(miner, 'exit')) as [number]
  expect(minerCode).toBe(0)
})
