import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { RETRY_TOKEN_BYTES, RetryTokens } from '../../../src/transport/quiche/retry-token.js'

const from = { host: '192.0.2.1', port: 4242 }
const scid = Buffer.from('0102030405060708', 'hex')
const dcid = Buffer.from('a1a2a3a4a5a6a7a8a9', 'hex')

function made(): { tokens: RetryTokens; clock: FakeClock; token: Buffer } {
  const clock = new FakeClock()
  const tokens = new RetryTokens(clock, randomBytes)
  return { tokens, clock, token: tokens.seal(dcid, scid, from) }
}

test.each([8, 9, 20])('gives back an original id of %d bytes', (length) => {
  const { tokens } = made()
  const originalDcid = randomBytes(length)
  const token = tokens.seal(originalDcid, scid, from)
  expect(token.length).toBe(RETRY_TOKEN_BYTES)
  expect(tokens.open(token, scid, from)).toEqual({ kind: 'valid', originalDcid })
})

describe('is good for nobody else', () => {
  test.each([
    ['another IP', scid, { ...from, host: '192.0.2.2' }],
    ['another port', scid, { ...from, port: 4243 }],
    ['a port that differs in its high byte', scid, { ...from, port: 4242 + 256 }],
    ['another connection id', Buffer.from('0102030405060709', 'hex'), from],
    ['a shorter connection id', scid.subarray(1), from],
    ['what moves a byte from the id to the port', Buffer.concat([scid, Buffer.from([4242 >> 8])]), from],
  ])('%s', (_name, id, address) => {
    const { tokens, token } = made()
    expect(tokens.open(token, id, address)).toEqual({ kind: 'invalid' })
  })

  test('another process', () => {
    expect(made().tokens.open(made().token, scid, from)).toEqual({ kind: 'invalid' })
  })
})

test('every bit counts: those of the magic make it foreign, all others invalid', () => {
  const { tokens, token } = made()
  for (let bit = 0; bit < token.length * 8; bit++) {
    const tampered = Buffer.from(token)
    tampered[bit >> 3]! ^= 1 << (bit & 7)
    const expected = bit < 4 * 8 ? 'foreign' : 'invalid'
    expect(tokens.open(tampered, scid, from).kind, `bit ${bit}`).toBe(expected)
  }
  expect(tokens.open(token, scid, from).kind).toBe('valid')
})

test.each([
  ['no token', Buffer.alloc(0)],
  ['one of another implementation', Buffer.alloc(RETRY_TOKEN_BYTES, 7)],
  ['ours without its last byte', made().token.subarray(0, -1)],
  ['ours and a byte more', Buffer.concat([made().token, Buffer.alloc(1)])],
])('%s is foreign', (_name, token) => {
  expect(made().tokens.open(token, scid, from)).toEqual({ kind: 'foreign' })
})

test('lives for 15 seconds and not a millisecond longer', () => {
  const { tokens, clock, token } = made()
  clock.advance(15_000)
  expect(tokens.open(token, scid, from).kind).toBe('valid')
  clock.advance(1)
  expect(tokens.open(token, scid, from).kind).toBe('invalid')
})

describe('the key changes every minute', () => {
  test('and the previous one still opens', () => {
    const { tokens, clock } = made()
    clock.advance(59_999)
    const token = tokens.seal(dcid, scid, from)
    clock.advance(1)
    expect(tokens.seal(dcid, scid, from).equals(token)).toBe(false)
    expect(tokens.open(token, scid, from).kind).toBe('valid')
  })

  test.each([
    [60_000, 'valid'],
    [120_000, 'invalid'],
  ])('after %d ms a token, if it had not expired by then, would be %s', (ms, kind) => {
    // Keys outlive tokens, so the hand of this clock is put back when they have changed.
    let now = 0
    const clock = { unixMs: () => 0, monotonicMs: () => now, after: () => () => {} }
    const tokens = new RetryTokens(clock, randomBytes)
    const token = tokens.seal(dcid, scid, from)
    for (now = 60_000; now <= ms; now += 60_000) tokens.seal(dcid, scid, from)
    now = 15_000
    expect(tokens.open(token, scid, from).kind).toBe(kind)
  })

  test('two minutes of silence leave neither of the old ones', () => {
    const asked: number[] = []
    const clock = new FakeClock()
    const tokens = new RetryTokens(clock, (bytes) => {
      asked.push(bytes)
      return randomBytes(bytes)
    })
    clock.advance(119_999)
    tokens.seal(dcid, scid, from)
    expect(asked).toEqual([32, 32, 32])
    clock.advance(120_000)
    tokens.seal(dcid, scid, from)
    expect(asked).toEqual([32, 32, 32, 32, 32])
  })
})
