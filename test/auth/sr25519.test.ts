import { cryptoWaitReady, sr25519PairFromSeed, sr25519Sign, sr25519Verify } from '@polkadot/util-crypto'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { keypairFromSeed, sign, verify } from '../../src/auth/sr25519.js'
import { seed, seeded } from '../wire/seeded.js'

const keypair = keypairFromSeed(Buffer.alloc(32, 1))
const message = Buffer.from('a message')
const random = seeded(seed)

beforeAll(() => cryptoWaitReady())

// the WebAssembly module says so there when it panics, and a few thousand panics break it for good
const panic = vi.spyOn(console, 'error')
beforeEach(() => {
  panic.mockClear()
})
afterEach(() => expect(panic).not.toHaveBeenCalled())

test('agrees with @polkadot/util-crypto, both ways', () => {
  for (let i = 0; i < 20; i++) {
    const secret = random.bytes(32)
    const text = random.bytes(random.int(200))
    const ours = keypairFromSeed(secret)
    const theirs = sr25519PairFromSeed(secret)
    expect(Buffer.from(ours.publicKey)).toEqual(Buffer.from(theirs.publicKey))
    expect(sr25519Verify(text, sign(ours, text), ours.publicKey)).toBe(true)
    expect(verify(ours.publicKey, text, sr25519Sign(text, theirs))).toBe(true)
  }
})

test('another message, key or signature is false', () => {
  const signature = sign(keypair, message)
  expect(verify(keypair.publicKey, message, signature)).toBe(true)
  expect(verify(keypair.publicKey, Buffer.from('b message'), signature)).toBe(false)
  expect(verify(keypairFromSeed(Buffer.alloc(32, 2)).publicKey, message, signature)).toBe(false)
  for (let bit = 0; bit < 512; bit++) {
    const flipped = Buffer.from(signature)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    expect(verify(keypair.publicKey, message, flipped)).toBe(false)
  }
})

test('garbage is false, and never reaches the module', () => {
  const signature = sign(keypair, message)
  for (const length of [0, 1, 31, 33, 64]) {
    expect(verify(random.bytes(length), message, signature)).toBe(false)
  }
  for (const length of [0, 1, 63, 65]) {
    expect(verify(keypair.publicKey, message, random.bytes(length))).toBe(false)
  }
  for (const fill of [0, 0x7f, 0x80, 0xff]) {
    expect(verify(keypair.publicKey, message, Buffer.alloc(64, fill))).toBe(false)
    expect(verify(Buffer.alloc(32, fill), message, signature)).toBe(false)
  }
  for (let i = 0; i < 5_000; i++) {
    expect(verify(random.bytes(32), message, signature)).toBe(false)
    expect(verify(keypair.publicKey, message, random.bytes(64))).toBe(false)
  }
  expect(verify(keypair.publicKey, message, signature)).toBe(true)
})

test('the greatest scalars that are none', () => {
  const order = (2n ** 252n + 27742317777372353535851937790883648493n).toString(16).padStart(64, '0')
  const scalar = Buffer.from(order, 'hex').reverse()
  const signature = Buffer.concat([Buffer.alloc(32), scalar])
  signature[63]! |= 0x80
  expect(verify(keypair.publicKey, message, signature)).toBe(false)
  signature[32]! -= 1
  expect(verify(keypair.publicKey, message, signature)).toBe(false)
})

test('a seed of another length throws before the module sees it', () => {
  for (const length of [0, 31, 33]) expect(() => keypairFromSeed(Buffer.alloc(length))).toThrow(RangeError)
})
