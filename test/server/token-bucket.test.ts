import { expect, test } from 'vitest'
import { TokenBucket } from '../../src/server/token-bucket.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

test('a burst, then so many a second, and never more than a burst', () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket(10, 3, clock)
  const take = (n: number): number => Array.from({ length: n }, () => bucket.take()).filter(Boolean).length
  expect(take(5)).toBe(3)
  clock.advance(99)
  expect(take(1)).toBe(0)
  clock.advance(1)
  expect(take(2)).toBe(1)
  clock.advance(1000)
  expect(take(20)).toBe(3)
})
