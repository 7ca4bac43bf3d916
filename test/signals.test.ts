import { afterEach, expect, test } from 'vitest'
import { closeOnSignals } from '../src/signals.js'
import { type StoppedMiner, startMiner } from './support/stopped-miner.js'

let miner: StoppedMiner | undefined

afterEach(() => miner?.child.kill('SIGKILL'))

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s closes the miner, and the process ends with 0',
  async (signal) => {
    miner = await startMiner()
    miner.child.kill(signal)
    expect(await miner.ended).toBe(0)
    expect(miner.stderr()).toBe('')
  },
)

test('a close that fails is reported, and ends with 1', async () => {
  miner = await startMiner('broken')
  miner.child.kill('SIGTERM')
  expect(await miner.ended).toBe(1)
  expect(miner.stderr()).toContain('cannot close')
})

test('the handlers can be taken away again', () => {
  const count = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
  const before = count()
  const remove = closeOnSignals({ close: async () => {} })
  expect(count()).toBe(before + 2)
  remove()
  expect(count()).toBe(before)
})
