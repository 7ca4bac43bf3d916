import { expect, test } from 'vitest'
import { Backoff, type Reconnecting } from '../../src/client/backoff.js'

const defaults: Reconnecting = {
  firstMs: 1000,
  mostMs: 60_000,
  fastTries: 5,
  probeMs: 60_000,
  jitter: 0.2,
  background: false,
}

/** The waits after each of `count` failures in a row. */
function waits(options: Partial<Reconnecting>, random: number, count: number): number[] {
  const backoff = new Backoff({ ...defaults, ...options })
  let now = 0
  return Array.from({ length: count }, () => {
    backoff.failed(now, random)
    const ms = backoff.waitMs(now)
    expect(backoff.waitMs(now + ms - 1)).toBeCloseTo(1)
    expect(backoff.waitMs(now + ms)).toBe(0)
    now += ms
    return ms
  })
}

test('who did not fail may be tried at once', () => {
  expect(new Backoff(defaults).waitMs(0)).toBe(0)
})

test('five fast tries, then a probe a minute', () => {
  expect(waits({}, 0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 60_000, 60_000, 60_000])
})

test('doubling ends at the most', () => {
  expect(waits({ fastTries: 8, probeMs: 90_000 }, 0, 9)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 90_000,
  ])
})

test('jitter makes a wait shorter, by no more than its part', () => {
  expect(waits({}, 0.5, 2)).toEqual([900, 1800])
  expect(waits({ jitter: 1 }, 0.25, 2)).toEqual([750, 1500])
  expect(waits({ jitter: 0 }, 0.9, 2)).toEqual([1000, 2000])
})

test('a success forgets the failures', () => {
  const backoff = new Backoff(defaults)
  for (let i = 0; i < 7; i++) backoff.failed(0, 0)
  expect(backoff.failures).toBe(7)
  backoff.reset()
  expect([backoff.failures, backoff.waitMs(0)]).toEqual([0, 0])
  backoff.failed(0, 0)
  expect(backoff.waitMs(0)).toBe(1000)
})

test('any number of failures is waited for', () => {
  expect(waits({ fastTries: 5000 }, 0, 2000).at(-1)).toBe(60_000)
})
