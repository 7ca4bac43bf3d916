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
