import { expect, test } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { putLast, SourceRate } from '../../src/transport/source-rate.js'

test('10,000 sources are remembered; the 10,001st displaces the one that was active least lately', () => {
  const tried = new SourceRate(new FakeClock())
  const host = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
  for (let n = 0; n < 10_000; n++) tried.attempt(host(n), 1)
  tried.attempt(host(0), 1) // refused, and active
  tried.attempt(host(10_000), 1)
  expect(tried.size).toBe(10_000)
  expect([0, 2, 10_000].map((n) => tried.attempt(host(n), 1).allowed)).toEqual([false, false, false])
  expect(tried.attempt(host(1), 1).allowed).toBe(true)
})

test('an attempt that is refused counts no further', () => {
  const clock = new FakeClock()
  const tried = new SourceRate(clock)
  expect(tried.attempt('192.0.2.1', 1)).toEqual({ allowed: true, rate: 1 })
  clock.advance(59_999)
  expect(tried.attempt('192.0.2.1', 1)).toEqual({ allowed: false, rate: 2 })
  clock.advance(1)
  expect(tried.attempt('192.0.2.1', 1)).toEqual({ allowed: true, rate: 1 })
})

test('putLast keeps the newest, in the order of their last change', () => {
  const table = new Map<string, number>()
  for (const [key, value] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['c', 4],
  ] as const)
    putLast(table, key, value, 2)
  expect([...table]).toEqual([
    ['a', 3],
    ['c', 4],
  ])
})
