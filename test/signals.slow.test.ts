import { afterEach, expect, test } from 'vitest'
import { synapse, Validator } from '../src/index.js'
import { minerSigner, validatorSigner } from './support/hotkeys.js'
import { type StoppedMiner, startMiner } from './support/stopped-miner.js'

let miner: StoppedMiner | undefined

afterEach(() => miner?.child.kill('SIGKILL'))

test('also when something else keeps the process alive', async () => {
  miner = await startMiner('busy')
  miner.child.kill('SIGTERM')
  expect(await miner.ended).toBe(0)
})

test.each(['early', 'starting'])(
  'a miner that does not listen yet never does, which is no failure, nor the end of what still closes: %s',
  async (mode) => {
    miner = await startMiner(mode)
    miner.child.kill('SIGTERM')
    expect(await miner.ended).toBe(0)
    expect(miner.stderr()).toBe('')
  },
)

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a signal a second later does not wait: %s ends with %i', async (signal, code) => {
  miner = await startMiner()
  const validator = new Validator({ signer: validatorSigner })
  const connection = await validator.connect({
    hotkey: minerSigner.hotkey,
    host: '127.0.0.1',
    port: miner.port,
  })
  const lost = expect(connection.query(synapse('hang', {}), {})).rejects.toThrow()
  await miner.hanging
  let isEnded = false
  const startedAt = performance.now()
  void miner.ended.then(() => (isEnded = true))
  while (!isEnded) {
    miner.child.kill(signal)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await miner.ended).toBe(code)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1000) // until then they are one wish
  validator.close()
  await lost
})
