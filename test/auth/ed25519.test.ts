import { expect, test } from 'vitest'
import { verifyEd25519 } from '../../src/auth/ed25519.js'

// RFC 8032, section 7.1, test 3.
const hex = (text: string) => Buffer.from(text, 'hex')
const publicKey = hex('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025')
const message = hex('af82')
const signature = hex(
  '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
)

test("the RFC's own signature is good, and no other", () => {
  expect(verifyEd25519(publicKey, message, signature)).toBe(true)
  expect(verifyEd25519(publicKey, hex('af83'), signature)).toBe(false)
  const changed = Buffer.from(signature)
  changed[0]! ^= 1
  expect(verifyEd25519(publicKey, message, changed)).toBe(false)
})

test.each([
  [Buffer.alloc(32, 0xff), signature],
  [Buffer.alloc(32, 2), signature],
  [publicKey.subarray(1), signature],
  [publicKey, signature.subarray(1)],
  [publicKey, Buffer.concat([signature, signature])],
  [publicKey, Buffer.alloc(64, 0xff)],
  [Buffer.alloc(0), Buffer.alloc(0)],
])('garbage is not verified, and throws nothing', (key, wrong) => {
  expect(verifyEd25519(key, message, wrong)).toBe(false)
})
