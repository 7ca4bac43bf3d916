import { expect, test } from 'vitest'
import { NonceCache } from '../../src/auth/nonce-cache.js'

const now = 1_795_252_073_000
const key = (n: number) => {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt32BE(n)
  return bytes
}

test('a nonce is used up for its key only', () => {
  const nonces = new NonceCache()
  expect(nonces.record(key(1), 'a', now)).toBe('recorded')
  expect(nonces.record(key(1), 'a', now)).toBe('used')
  expect(nonces.record(key(2), 'a', now)).toBe('recorded')
  expect(nonces.size).toBe(2)
})

test('live for one window at least and two at most, wherever in the window it came', () => {
  for (const offset of [0, 1, 180_000, 359_999]) {
    const nonces = new NonceCache(360)
    nonces.record(key(0), 'first', now)
    const at = now + offset
    nonces.record(key(1), 'a', at)
    for (const later of [1, 200_000, 359_999]) expect(nonces.record(key(1), 'a', at + later)).toBe('used')
    expect(nonces.record(key(1), 'a', at + 721_000)).toBe('recorded')
  }
})

test('after a long silence everything is forgotten', () => {
  const nonces = new NonceCache(360)
  nonces.record(key(1), 'a', now)
  nonces.record(key(2), 'b', now + 10_000_000)
  expect(nonces.size).toBe(1)
})

test('a clock that is set back forgets nothing too early', () => {
  const nonces = new NonceCache(360)
  nonces.record(key(1), 'a', now)
  expect(nonces.record(key(1), 'a', now - 3_600_000)).toBe('used')
  expect(nonces.record(key(1), 'a', now - 3_600_000 + 359_999)).toBe('used')
  expect(nonces.record(key(1), 'a', now)).toBe('recorded')
})

test('1,000 for one key: the next is refused, nothing is evicted, others get in, and time heals', () => {
  const nonces = new NonceCache()
  for (let i = 0; i < 1_000; i++) expect(nonces.record(key(1), `${i}`, now + i)).toBe('recorded')
  expect(nonces.record(key(1), 'one more', now + 1_000)).toBe('full')
  expect(nonces.record(key(1), '0', now + 1_000)).toBe('used')
  expect(nonces.record(key(2), '0', now + 1_000)).toBe('recorded')
  expect(nonces.record(key(1), 'in the second bucket', now + 400_000)).toBe('full')
  expect(nonces.record(key(1), 'one more', now + 800_000)).toBe('recorded')
})

test('100,000 in all: number 100,001 is refused, and nothing is evicted', () => {
  const nonces = new NonceCache()
  for (let i = 0; i < 100_000; i++) nonces.record(key(i % 1_000), `${i}`, now)
  expect(nonces.size).toBe(100_000)
  expect(nonces.record(key(5_000), 'new', now)).toBe('full')
  expect(nonces.record(key(0), '0', now)).toBe('used')
  expect(nonces.record(key(5_000), 'new', now + 400_000)).toBe('full')
  expect(nonces.record(key(5_000), 'new', now + 800_000)).toBe('recorded')
  expect(nonces.size).toBe(1)
})
