import { expect, test } from 'vitest'
import { synapse } from '../../../src/contract/definition.js'
import type { PerSynapse } from '../../../src/server/policy/plugin.js'
import { timeout } from '../../../src/server/policy/timeout.js'
import { turn } from '../../support/frames.js'
import { handler, ServedMiner } from '../../support/served-miner.js'
import { callOf } from './calls.js'

const never = () => new Promise<undefined>(() => {})

async function serving(limits: PerSynapse) {
  const plugin = timeout(limits)
  const names = ['fast', 'asked', 'constructor']
  const handlers = names.map((name) => handler(synapse(name, {}), never))
  const miner = new ServedMiner(handlers, {}, [plugin])
  const peer = await miner.authenticated()
  /** Whether the peer is told `handler timed out` after `ms` milliseconds, and not one earlier. */
  const isToldAfter = async (name: string, ms: number): Promise<boolean> => {
    const frames = peer.ask(name)
    await turn()
    miner.clock.advance(ms - 1)
    await turn()
    if (frames.over !== undefined) return false
    miner.clock.advance(1)
    await turn()
    return frames.messages[0]?.error === 'handler timed out'
  }
  return { plugin, isToldAfter }
}

test('one limit for all', async () => {
  const { isToldAfter } = await serving(100)
  expect(await isToldAfter('asked', 100)).toBe(true)
})

test('by synapse, with a default for the others', async () => {
  const { isToldAfter } = await serving({ default: 1_000, synapses: { fast: 100 } })
  expect(await isToldAfter('fast', 100)).toBe(true)
  expect(await isToldAfter('asked', 1_000)).toBe(true)
  expect(await isToldAfter('constructor', 1_000)).toBe(true)
})

test('without a default the others have the time that they declare, and it is never put off', async () => {
  const { plugin, isToldAfter } = await serving({ synapses: { fast: 60_000 } })
  expect(await isToldAfter('asked', 30_000)).toBe(true)
  expect(await isToldAfter('fast', 30_000)).toBe(true)
  expect(plugin.stats()).toEqual({ limited: 0 })
})

test('set: from the next call on', async () => {
  const { plugin, isToldAfter } = await serving(100)
  plugin.set(1_000)
  expect(await isToldAfter('asked', 1_000)).toBe(true)
  expect(plugin.stats()).toEqual({ limited: 1 })
})

test.each([
  [0, 'the limit is 0'],
  [2 ** 31, 'from 1 to 2147483647'],
  [{ default: 1.5 }, 'default is 1.5'],
  [{ synapses: { fast: -1 } }, "synapses['fast'] is -1"],
  [{ fast: 100 }, "no option 'fast'"],
  [undefined, 'an object with'],
])('%j is refused, by the factory and by set', (limits, text) => {
  const fault = expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })
  expect(() => timeout(limits as PerSynapse)).toThrow(fault)
  const plugin = timeout(2 ** 31 - 1)
  expect(() => plugin.set(limits as PerSynapse)).toThrow(fault)
  const call = callOf('a')
  call.keeper = { limitTo: (ms) => expect(ms).toBe(2 ** 31 - 1) }
  expect(plugin(call, async () => ({}))).toBeInstanceOf(Promise)
})
