import { describe, expect, test } from 'vitest'
import { isRistrettoPoint, littleEndian } from '../../src/auth/ristretto.js'
import { keypairFromSeed } from '../../src/auth/sr25519.js'
import { seed, seeded } from '../wire/seeded.js'

const hex = (text: string) => Buffer.from(text, 'hex')

describe('RFC 9496, appendix A', () => {
  test('multiples of the generator are points', () => {
    for (const point of [
      'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76',
      '6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919',
      '94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259',
      'da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57',
      'e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e',
    ]) {
      expect(isRistrettoPoint(hex(point))).toBe(true)
    }
  })

  test.each([
    // not canonical
    '00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    // negative
    '0100000000000000000000000000000000000000000000000000000000000000',
    '01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20',
    'c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562',
    // no square
    '26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371',
    '4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f',
    // x*y negative
    '3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e',
    'a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220',
    // y = 0
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('%s is none', (encoding) => expect(isRistrettoPoint(hex(encoding))).toBe(false))
})

test('neither the identity, whose signatures anybody can make, nor another length', () => {
  expect(isRistrettoPoint(Buffer.alloc(32))).toBe(false)
  expect(isRistrettoPoint(Buffer.alloc(31, 2))).toBe(false)
})

test('every public key is a point', () => {
  const random = seeded(seed)
  for (let i = 0; i < 300; i++) {
    expect(isRistrettoPoint(keypairFromSeed(random.bytes(32)).publicKey)).toBe(true)
  }
})

test('littleEndian', () => expect(littleEndian(hex('0102ff'))).toBe(0xff0201n))
