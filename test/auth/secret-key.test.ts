import { expect, test } from 'vitest'
import { keypairFromPrivateKey, keypairFromSubstrateKey } from '../../src/auth/secret-key.js'
import { GROUP_ORDER, keypairFromSeed, sign, verify } from '../../src/auth/sr25519.js'

const pair = keypairFromSeed(Buffer.alloc(32, 1))
/** `privateKey` that Bittensor's tools write for this seed. */
const privateKey = Buffer.from(
  '0bdd6dbf4edf8925e8c128bc2ddd9ed555e36240ca30ca7633d80e18d177de0db17a2a2cf3d4a41a8e4e18cc45c8656d558eceddb0adb46bfa088a5f53bed252',
  'hex',
)
const number = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
const withScalar = (value: bigint): Buffer => Buffer.concat([number(value), Buffer.alloc(32, 7)])

test('both forms are the same key, and it signs', () => {
  for (const found of [keypairFromPrivateKey(privateKey), keypairFromSubstrateKey(pair.secretKey)]) {
    expect(Buffer.from(found!.secretKey).toString('hex')).toBe(Buffer.from(pair.secretKey).toString('hex'))
    expect(Buffer.compare(found!.publicKey, pair.publicKey)).toBe(0)
    const message = Buffer.from('a message')
    expect(verify(pair.publicKey, message, sign(found!, message))).toBe(true)
  }
})

test('the largest scalar that there is', () => {
  const found = keypairFromPrivateKey(withScalar(GROUP_ORDER - 1n))
  expect(keypairFromSubstrateKey(withScalar((GROUP_ORDER - 1n) * 8n))).toEqual(found)
  expect(found?.publicKey).toHaveLength(32)
})

// Each of these would make the WebAssembly module panic, or be a key that everybody knows.
test.each([
  ['zero', 0n],
  ["the group's order", GROUP_ORDER],
  ['more', 2n ** 256n - 1n],
])('%s is no scalar', (_what, scalar) => {
  expect(keypairFromPrivateKey(withScalar(scalar))).toBeUndefined()
  expect(keypairFromSubstrateKey(withScalar((scalar * 8n) % 2n ** 256n))).toBeUndefined()
})

test('what is not a multiple of 8, or not 64 bytes', () => {
  expect(keypairFromSubstrateKey(withScalar(9n))).toBeUndefined()
  expect(keypairFromSubstrateKey(privateKey)).toBeUndefined()
  expect(keypairFromSubstrateKey(privateKey.subarray(1))).toBeUndefined()
  expect(keypairFromPrivateKey(privateKey.subarray(1))).toBeUndefined()
})
