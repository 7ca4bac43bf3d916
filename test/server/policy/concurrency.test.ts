import { expect, test } from 'vitest'
import { concurrency } from '../../../src/server/policy/concurrency.js'
import { Bench, callOf } from './calls.js'

test('so many calls of a synapse at once, and the next is refused', async () => {
  const plugin = concurrency({ Heavy: 2 })
  const bench = new Bench(() => [plugin])
  for (const name of ['1', '2']) await bench.ask(name, callOf('a', 'Heavy'))
  expect(bench.started).toEqual(['1', '2'])
  expect((await bench.ask('3', callOf('b', 'Heavy'))).outcome).toBe('REFUSED')
  await bench.finish('1')
  await bench.ask('4', callOf('b', 'Heavy'))
  expect(bench.started).toEqual(['1', '2', '4'])
  expect(plugin.stats()).toMatchObject({ Heavy: { running: 2, waiting: 0, shed: 1 } })
})

test('a synapse that is not named is not limited', async () => {
  const bench = new Bench(() => [concurrency({ Heavy: 1 })])
  for (let n = 0; n < 100; n++) bench.askLater(`${n}`, callOf('a', n % 2 === 0 ? 'asked' : 'constructor'))
  await bench.ask('last', callOf('a'))
  expect(bench.running.size).toBe(101)
})

test('or they wait, up to maxWaiting, and hotkeys take turns', async () => {
  const plugin = concurrency({ Heavy: 1 }, { maxWaiting: 3 })
  const bench = new Bench(() => [plugin])
  for (const name of ['a1', 'a2', 'a3', 'b1']) await bench.ask(name, callOf(name[0]!, 'Heavy'))
  expect((await bench.ask('a4', callOf('a', 'Heavy'))).outcome).toBe('REFUSED')
  for (const name of ['a1', 'a2', 'b1']) {
    await bench.finish(name)
  }
  expect(bench.started).toEqual(['a1', 'a2', 'b1', 'a3'])
})

test('the wait is measured by the clock that is given', async () => {
  let stats = () => ({}) as object
  const bench = new Bench((clock) => {
    const plugin = concurrency({ Heavy: 1 }, { maxWaiting: 1 }, clock)
    stats = plugin.stats
    return [plugin]
  })
  await bench.ask('1', callOf('a', 'Heavy'))
  await bench.ask('2', callOf('a', 'Heavy'))
  bench.clock.advance(250)
  await bench.finish('1')
  expect(stats()).toEqual({
    Heavy: { running: 1, waiting: 0, shed: 0, longestWaitMs: 250, meanWaitMs: 250 },
  })
})

test('set: other limits, and the calls that run still count', async () => {
  const plugin = concurrency({ Heavy: 1 })
  const bench = new Bench(() => [plugin])
  await bench.ask('1', callOf('a', 'Heavy'))
  plugin.set({ Heavy: 2, Other: 1 }, { maxWaiting: 1 })
  for (const name of ['2', '3']) await bench.ask(name, callOf('a', 'Heavy'))
  expect(bench.started).toEqual(['1', '2'])
  plugin.set({ Other: 1 })
  await bench.ask('4', callOf('a', 'Heavy'))
  expect(bench.started).toEqual(['1', '2', '4'])
  await bench.finish('1')
  expect(bench.started).toEqual(['1', '2', '4', '3']) // those that waited are not forgotten
  expect(Object.keys(plugin.stats())).toEqual(['Other'])
})

test('set: a synapse that is named again is limited with the calls that still run', async () => {
  const plugin = concurrency({ Heavy: 1 })
  const bench = new Bench(() => [plugin])
  await bench.ask('1', callOf('a', 'Heavy'))
  plugin.set({})
  plugin.set({ Heavy: 1 })
  expect((await bench.ask('2', callOf('a', 'Heavy'))).outcome).toBe('REFUSED')
  await bench.finish('1')
  await bench.ask('3', callOf('a', 'Heavy'))
  expect(bench.started).toEqual(['1', '3'])
})

test.each([
  ['a number alone', [4], 'the limits are an object'],
  ['zero', [{ Heavy: 0 }], "'Heavy' is 0"],
  ['too many', [{ Heavy: 65_537 }], 'from 1 to 65536'],
  ['a limit that is no number', [{ Heavy: '2' }], "'Heavy' is '2'"],
  ['an option that there is not', [{ Heavy: 1 }, { waiting: 1 }], "no option 'waiting'"],
  ['a negative maxWaiting', [{ Heavy: 1 }, { maxWaiting: -1 }], 'maxWaiting is -1'],
])('%s is refused, by the factory and by set', (_, given, text) => {
  const fault = expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })
  const args = given as unknown as Parameters<typeof concurrency>
  expect(() => concurrency(...args)).toThrow(fault)
  expect(() => concurrency({}).set(...(args as unknown as [Record<string, number>]))).toThrow(fault)
})
