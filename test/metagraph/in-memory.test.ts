import { describe, expect, test, vi } from 'vitest'
import { inMemoryMetagraph } from '../../src/metagraph/in-memory.js'
import { signerOf } from '../support/hotkeys.js'
import { neuronOf } from './neurons.js'

const config = (text: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(text) })

test('knows its neurons, and nobody else', () => {
  const source = inMemoryMetagraph([neuronOf(2)])
  expect(source.neuron(signerOf(2).hotkey)).toEqual(neuronOf(2))
  expect(source.neuron(signerOf(3).hotkey)).toBeUndefined()
  expect([...source.neurons()]).toEqual([neuronOf(2)])
  expect(source.ageMs()).toBe(0)
})

test('knows what else it is told of them, and leaves out what is no field of a neuron', () => {
  const neuron = neuronOf(2, {
    alphaStake: 40,
    taoStake: 60,
    stakeRao: 100_000_000_000n,
    alphaStakeRao: 40_000_000_000n,
    taoStakeRao: 60_000_000_000n,
    coldkey: signerOf(3).hotkey,
    active: true,
    lastUpdate: 17,
    registeredAt: 3,
    axon: { host: '2001:db8::1', port: 8091, protocol: 4, version: 7, block: 9 },
  })
  const source = inMemoryMetagraph([{ ...neuron, rank: 5 } as typeof neuron])
  expect(source.neuron(neuron.hotkey)).toEqual(neuron)
  const look = vi.fn()
  source.onChange(look)
  source.set([neuron])
  expect(look).toHaveBeenCalledTimes(0)
  source.set([{ ...neuron, axon: { ...neuron.axon!, port: 8092 } }])
  expect(look).toHaveBeenCalledTimes(1)
})

test('keeps a copy', () => {
  const neuron = { ...neuronOf(2) }
  const source = inMemoryMetagraph([neuron])
  neuron.stake = 1e9
  expect(source.neuron(neuron.hotkey)?.stake).toBe(100)
})

test('tells of a change only when something changed', () => {
  const source = inMemoryMetagraph([neuronOf(2), neuronOf(3, { uid: 8 })])
  const look = vi.fn()
  const end = source.onChange(look)
  source.set([neuronOf(3, { uid: 8 }), neuronOf(2)])
  expect(look).toHaveBeenCalledTimes(0)
  source.set([neuronOf(2, { stake: 101 }), neuronOf(3, { uid: 8 })])
  expect(look).toHaveBeenCalledTimes(1)
  source.set([neuronOf(2, { stake: 101, validatorPermit: true }), neuronOf(3, { uid: 8 })])
  expect(look).toHaveBeenCalledTimes(2)
  source.set([neuronOf(2, { stake: 101, validatorPermit: true }), neuronOf(3, { uid: 9 })])
  expect(look).toHaveBeenCalledTimes(3)
  source.set([neuronOf(2, { stake: 101, validatorPermit: true })])
  expect(look).toHaveBeenCalledTimes(4)
  source.set([neuronOf(4, { stake: 101, validatorPermit: true })])
  expect(look).toHaveBeenCalledTimes(5)
  end()
  source.set([])
  expect(look).toHaveBeenCalledTimes(5)
})

describe('what is no neuron', () => {
  const good = neuronOf(2)
  const other = (given: object) => ({ ...neuronOf(3), uid: 8, ...given })
  const axon = { host: '192.0.2.1', port: 80, protocol: 4 }
  test.each([
    ['nothing', null, 'entry 1 is null'],
    ['a text', 'neuron', "entry 1 is 'neuron'"],
    [
      'a hotkey with another checksum',
      { ...good, hotkey: `${good.hotkey.slice(0, -1)}1` },
      'entry 1: hotkey',
    ],
    ['no hotkey', { ...good, hotkey: undefined }, 'entry 1: hotkey is undefined'],
    ['a hotkey that was there', { ...good, uid: 8 }, 'named before'],
    ['a uid that was there', neuronOf(3), `it is that of ${good.hotkey}`],
    ['a uid of 65536', neuronOf(3, { uid: 65_536 }), 'entry 1: uid is 65536'],
    ['a uid below 0', neuronOf(3, { uid: -1 }), 'entry 1: uid is -1'],
    ['half a uid', neuronOf(3, { uid: 1.5 }), 'entry 1: uid is 1.5'],
    ['stake below 0', neuronOf(3, { uid: 8, stake: -1 }), 'entry 1: stake is -1'],
    ['stake without end', neuronOf(3, { uid: 8, stake: Infinity }), 'entry 1: stake is Infinity'],
    ['stake that is none', neuronOf(3, { uid: 8, stake: NaN }), 'entry 1: stake is NaN'],
    ['stake in RAO', neuronOf(3, { uid: 8, stake: 3e15 }), 'is it in RAO? divide by 1e9'],
    ['a bit too much stake', neuronOf(3, { uid: 8, stake: 100_000_000.5 }), 'entry 1: stake is 100000000.5'],
    ['stake as text', { ...neuronOf(3), uid: 8, stake: '5' }, "entry 1: stake is '5'"],
    ['alpha as text', other({ alphaStake: '5' }), "entry 1: alphaStake is '5'"],
    ['TAO in RAO', other({ taoStake: 3e15 }), 'entry 1: taoStake is'],
    ['RAO as a number', other({ stakeRao: 5 }), 'entry 1: stakeRao is 5'],
    ['a coldkey that is none', other({ coldkey: '5F' }), "entry 1: coldkey is '5F'"],
    ['active of 1', other({ active: 1 }), 'entry 1: active is 1'],
    ['half a block', other({ lastUpdate: 0.5 }), 'entry 1: lastUpdate is 0.5'],
    ['an axon that is a text', other({ axon: '192.0.2.1:80' }), "entry 1: axon is '192.0.2.1:80'"],
    ['an axon with a name', other({ axon: { ...axon, host: 'a.example' } }), "axon.host is 'a.example'"],
    ['an axon without a protocol', other({ axon: { ...axon, protocol: undefined } }), 'axon.protocol is'],
    ['an axon at port 65,536', other({ axon: { ...axon, port: 65_536 } }), 'axon.port is 65536'],
    ['a permit of 1', { ...neuronOf(3), uid: 8, validatorPermit: 1 }, 'entry 1: validatorPermit is 1'],
  ])('%s', (_, entry, message) => {
    expect(() => inMemoryMetagraph([good, entry as typeof good])).toThrow(config(message))
    const source = inMemoryMetagraph([good])
    expect(() => source.set([good, entry as typeof good])).toThrow(config(message))
    expect([...source.neurons()]).toEqual([good])
  })

  test('the edges are in', () => {
    const edges = [neuronOf(2, { uid: 0, stake: 0 }), neuronOf(3, { uid: 65_535, stake: 100_000_000 })]
    expect([...inMemoryMetagraph(edges).neurons()]).toEqual(edges)
  })

  test('a list of none is a subnet without neurons, for who says so', () => {
    const source = inMemoryMetagraph([])
    expect([...source.neurons()]).toEqual([])
    source.set([good])
    source.set([])
    expect([...source.neurons()]).toEqual([])
  })

  test.each([undefined, null, 'neurons', {}])('%j is no list', (neurons) => {
    expect(() => inMemoryMetagraph(neurons as never)).toThrow(config('takes a list of neurons'))
  })
})
