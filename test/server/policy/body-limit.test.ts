import { IsInt } from 'class-validator'
import { expect, test } from 'vitest'
import { synapse } from '../../../src/contract/definition.js'
import { bodyLimit } from '../../../src/server/policy/body-limit.js'
import type { PerSynapse } from '../../../src/server/policy/plugin.js'
import { handler, ServedMiner } from '../../support/served-miner.js'
import { callOf } from './calls.js'

const passes = (plugin: ReturnType<typeof bodyLimit>, bytes: number, name?: string): boolean => {
  try {
    plugin(callOf('a', name, bytes), async () => ({}))
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining(`${bytes} bytes`) })
    return false
  }
}

test('one limit for all', () => {
  const plugin = bodyLimit(100)
  expect([passes(plugin, 100), passes(plugin, 101)]).toEqual([true, false])
  expect(plugin.stats()).toEqual({ refused: 1 })
})

test('by synapse, with a default for the others or none', () => {
  const plugin = bodyLimit({ default: 10, synapses: { Large: 1_000 } })
  expect([passes(plugin, 1_000, 'Large'), passes(plugin, 1_001, 'Large')]).toEqual([true, false])
  expect([passes(plugin, 10), passes(plugin, 11), passes(plugin, 11, 'toString')]).toEqual([
    true,
    false,
    false,
  ])
  plugin.set({ synapses: { Large: 5 } })
  expect([passes(plugin, 5, 'Large'), passes(plugin, 6, 'Large'), passes(plugin, 2 ** 20)]).toEqual([
    true,
    false,
    true,
  ])
})

test('before the request is validated, and by its length as it came', async () => {
  class Question {
    @IsInt() n!: number
  }
  const question = handler(synapse('asked', { request: Question }), () => ({}))
  const miner = new ServedMiner([question], {}, [bodyLimit(4)])
  const peer = await miner.authenticated()
  // {"n": 7} is 81 a1 6e 07
  expect(await peer.answer('asked', { n: 7 })).toMatchObject({ success: true })
  expect(await peer.answer('asked', { n: 'no number' })).toMatchObject({
    success: false,
    error: 'request processing failed',
  })
  expect(miner.log.at('error')).toEqual([])
})

test.each([
  [0, 'the limit is 0'],
  [2 ** 32, 'from 1 to 4294967295'],
  [{ synapses: { Large: Number.NaN } }, "synapses['Large'] is NaN"],
  [{ bytes: 100 }, "no option 'bytes'"],
])('%j is refused, by the factory and by set', (limits, text) => {
  const fault = expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })
  expect(() => bodyLimit(limits as PerSynapse)).toThrow(fault)
  const plugin = bodyLimit(2 ** 32 - 1)
  expect(() => plugin.set(limits as PerSynapse)).toThrow(fault)
  expect(passes(plugin, 5)).toBe(true)
})
