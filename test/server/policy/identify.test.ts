import { expect, test } from 'vitest'
import type { MetagraphSource, Neuron } from '../../../src/metagraph/source.js'
import { identify } from '../../../src/server/policy/identify.js'
import { callOf } from './calls.js'

/** Knows one neuron, and tells when it is started and stopped. */
class OneNeuron implements MetagraphSource {
  readonly seen: string[] = []
  readonly #neuron: Neuron
  constructor(hotkey: string, uid: number) {
    this.#neuron = { hotkey, uid, stake: 1, validatorPermit: true }
  }
  neuron(hotkey: string): Neuron | undefined {
    return hotkey === this.#neuron.hotkey ? this.#neuron : undefined
  }
  neurons = () => [this.#neuron]
  ageMs = () => 0
  onChange = () => () => {}
  async start(): Promise<void> {
    this.seen.push('start')
  }
  async stop(): Promise<void> {
    this.seen.push('stop')
  }
}

test('adds the caller’s neuron, or that there is none', async () => {
  const plugin = identify(new OneNeuron('a', 7))
  const added: unknown[] = []
  for (const hotkey of ['a', 'b']) added.push(await plugin(callOf(hotkey), async (adds) => adds))
  expect(added).toEqual([
    { neuron: { hotkey: 'a', uid: 7, stake: 1, validatorPermit: true } },
    { neuron: undefined },
  ])
  expect(plugin.stats()).toEqual({ known: 1, unknown: 1 })
})

test('the source starts and stops with the miner', async () => {
  const source = new OneNeuron('a', 7)
  const plugin = identify(source)
  await plugin.onStart!({ synapses: [] })
  expect(source.seen).toEqual(['start'])
  await plugin.onStop!({ synapses: [] })
  expect(source.seen).toEqual(['start', 'stop'])
})

test('a source that cannot start says so to listen', async () => {
  const source = new OneNeuron('a', 7)
  source.start = async () => {
    throw new Error('no chain')
  }
  await expect(identify(source).onStart!({ synapses: [] })).rejects.toThrow('no chain')
})

test('set: another source from now on, the old one stops', async () => {
  const [old, fresh] = [new OneNeuron('a', 7), new OneNeuron('a', 8)]
  const plugin = identify(old)
  await plugin.onStart!({ synapses: [] })
  await plugin.set(fresh)
  expect([old.seen, fresh.seen]).toEqual([['start', 'stop'], ['start']])
  expect(await plugin(callOf('a'), async (adds) => adds)).toMatchObject({ neuron: { uid: 8 } })
  await plugin.onStop!({ synapses: [] })
  expect([old.seen, fresh.seen]).toEqual([
    ['start', 'stop'],
    ['start', 'stop'],
  ])
})

test('set before listen starts nothing yet', async () => {
  const [old, fresh] = [new OneNeuron('a', 7), new OneNeuron('a', 8)]
  const plugin = identify(old)
  await plugin.set(fresh)
  await plugin.onStart!({ synapses: [] })
  expect([old.seen, fresh.seen]).toEqual([[], ['start']])
})

test('set while the miner starts: the new one is started, and the old one is not left running', async () => {
  const [old, fresh] = [new OneNeuron('a', 7), new OneNeuron('a', 8)]
  const plugin = identify(old)
  await Promise.all([plugin.onStart!({ synapses: [] }), plugin.set(fresh)])
  expect([old.seen, fresh.seen]).toEqual([['start', 'stop'], ['start']])
})

test('set to one that cannot start: the old one stays', async () => {
  const [old, broken] = [new OneNeuron('a', 7), new OneNeuron('a', 8)]
  broken.start = async () => {
    throw new Error('no chain')
  }
  const plugin = identify(old)
  await plugin.onStart!({ synapses: [] })
  await expect(plugin.set(broken)).rejects.toThrow('no chain')
  expect(await plugin(callOf('a'), async (adds) => adds)).toMatchObject({ neuron: { uid: 7 } })
  expect(old.seen).toEqual(['start'])
})

test('set while the miner stops: neither is left running', async () => {
  const [old, fresh] = [new OneNeuron('a', 7), new OneNeuron('a', 8)]
  const plugin = identify(old)
  await plugin.onStart!({ synapses: [] })
  await Promise.all([plugin.set(fresh), plugin.onStop!({ synapses: [] })])
  expect([old.seen, fresh.seen]).toEqual([
    ['start', 'stop'],
    ['start', 'stop'],
  ])
})

test.each([[undefined], [[]], ['ws://127.0.0.1']])('%j is no source', (source) => {
  expect(() => identify(source as never)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
})
