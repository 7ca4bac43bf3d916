/** What is made of a key on the way to a signature is wiped; what is the caller's is left alone. */
import { expect, test } from 'vitest'
import { seedSigner } from '../../src/auth/signer.js'
import { keypairFromSeed, sign, useNative } from '../../src/auth/sr25519.js'

const seed = Buffer.alloc(32, 7)
const keypair = keypairFromSeed(seed)
const given: Uint8Array[] = []

test.each([
  ['signs', () => new Uint8Array(64)],
  [
    'throws',
    () => {
      throw new Error('out of memory')
    },
  ],
])('the copy for a native library that %s', (_how, answer) => {
  useNative({
    sr25519Verify: () => true,
    sr25519Sign(pair) {
      expect(Buffer.from(pair)).toEqual(Buffer.concat([keypair.secretKey, keypair.publicKey]))
      given.push(pair)
      return answer()
    },
  })
  try {
    sign(keypair, seed)
  } catch {
    // the error is not what is tried
  }
  expect(given.at(-1)!.every((byte) => byte === 0)).toBe(true)
})

test("a caller's seed", () => {
  seedSigner(seed)
  expect(seed).toEqual(Buffer.alloc(32, 7))
})
