import { expect, test } from 'vitest'
import type { Call } from '../../../src/index.js'
import { type RateLimitOptions, rateLimit } from '../../../src/server/policy/rate-limit.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { callOf } from './calls.js'

function limited(options?: RateLimitOptions) {
  const clock = new FakeClock()
  const plugin = rateLimit(options, clock)
  /** How many of `count` calls come through. */
  const pass = (count: number, hotkey = 'a', synapse?: string): number => {
    let passed = 0
    for (let n = 0; n < count; n++) {
      try {
        plugin(callOf(hotkey, synapse), async () => ({}))
        passed++
      } catch (error) {
        expect(error).toMatchObject({ code: 'REFUSED' })
      }
    }
    return passed
  }
  return { clock, plugin, pass }
}

test('by default 40 at once, then 20 a second', () => {
  const { clock, pass } = limited()
  expect(pass(50)).toBe(40)
  clock.advance(49)
  expect(pass(1)).toBe(0)
  clock.advance(1)
  expect(pass(5)).toBe(1)
  clock.advance(1_000)
  expect(pass(50)).toBe(20)
})

test('rest fills the bucket and no more', () => {
  const { clock, pass } = limited({ perSecond: 2, burst: 3 })
  expect(pass(5)).toBe(3)
  clock.advance(3_600_000)
  expect(pass(5)).toBe(3)
})

test('less than one a second', () => {
  const { clock, pass } = limited({ perSecond: 0.1, burst: 1 })
  expect(pass(2)).toBe(1)
  clock.advance(9_999)
  expect(pass(1)).toBe(0)
  clock.advance(1)
  expect(pass(2)).toBe(1)
})

test('each hotkey by itself, and a refused call costs nothing', () => {
  const { clock, plugin, pass } = limited({ perSecond: 1, burst: 2 })
  expect(pass(10, 'a')).toBe(2)
  expect(pass(10, 'b')).toBe(2)
  clock.advance(1_000)
  expect([pass(10, 'a'), pass(10, 'b')]).toEqual([1, 1])
  expect(plugin.stats()).toEqual({ refused: 34, keys: 2 })
})

test('or by whatever text the call gives', () => {
  const { pass } = limited({ burst: 1, by: (call: Call) => `${call.caller} ${call.synapse}` })
  expect([pass(2, 'a', 'X'), pass(2, 'a', 'Y'), pass(2, 'b', 'X')]).toEqual([1, 1, 1])
})

test('what is full again is forgotten when others come', () => {
  const { clock, plugin, pass } = limited({ perSecond: 1, burst: 1 })
  for (let n = 0; n < 100; n++) pass(1, `early ${n}`)
  expect(plugin.stats().keys).toBe(100)
  clock.advance(999)
  pass(1, 'not yet')
  expect(plugin.stats().keys).toBe(101)
  clock.advance(1)
  for (let n = 0; n < 100; n++) pass(1, `late ${n}`)
  expect(plugin.stats().keys).toBe(101)
})

test('the table holds 10,000, and beyond forgets who asked least lately', () => {
  const { plugin, pass } = limited({ perSecond: 1, burst: 1 })
  for (let n = 0; n < 10_000; n++) pass(1, `${n}`)
  expect(plugin.stats().keys).toBe(10_000)
  expect(pass(1, '0')).toBe(0) // which makes 1 the oldest
  pass(1, 'one more')
  expect(plugin.stats().keys).toBe(10_000)
  expect(pass(1, '0')).toBe(0)
  expect(pass(1, '2')).toBe(0)
  expect(pass(1, '1')).toBe(1)
})

test('there is no timer', () => {
  const { clock, pass } = limited()
  pass(100)
  expect(clock.pending).toBe(0)
})

test('set: another rate, and a full bucket for everybody', () => {
  const { plugin, pass } = limited({ burst: 5 })
  expect(pass(10)).toBe(5)
  plugin.set({ burst: 2, perSecond: 1 })
  expect(pass(10)).toBe(2)
  plugin.set()
  expect(pass(50)).toBe(40)
})

test.each([
  ['an option that there is not', { perMinute: 1 }, "no option 'perMinute'"],
  ['no calls at all', { perSecond: 0 }, 'perSecond is 0'],
  ['NaN', { perSecond: Number.NaN }, 'perSecond is NaN'],
  ['a bucket without room for one', { burst: 0.5 }, 'burst is 0.5'],
  ['too many', { burst: 1_000_001 }, 'from 1 to 1000000'],
  ['text', { perSecond: '5' }, 'perSecond is 5'],
  ['by what is no function', { by: 'caller' }, 'by is a function'],
])('%s is refused, by the factory and by set', (_, options, text) => {
  const fault = expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })
  expect(() => rateLimit(options as RateLimitOptions)).toThrow(fault)
  const { plugin, pass } = limited({ burst: 1 })
  expect(() => plugin.set(options as RateLimitOptions)).toThrow(fault)
  expect(pass(2)).toBe(1)
})
