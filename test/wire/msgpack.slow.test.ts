import { ExtensionCodec, decode as otherDecode, encode as otherEncode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LevinError } from '../../src/errors.js'
import { decodeValue, encodeValue } from '../../src/wire/msgpack.js'
import { Extension, type Value } from '../../src/wire/value.js'
import { seed, seeded } from './seeded.js'

console.info(`LEVIN_SEED=${seed}`)

const key = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text !== '__proto__')
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 300 }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
)
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  integer,
  fc.double(),
  fc.float(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  bytes,
)
const { common } = fc.letrec<{ common: Value; array: Value; map: Value }>((tie) => ({
  common: fc.oneof({ depthSize: 'small' }, scalar, tie('array'), tie('map')),
  array: fc.array(tie('common'), { maxLength: 20 }),
  map: fc.dictionary(key, tie('common'), { maxKeys: 20, noNullPrototype: true }),
}))
const { full } = fc.letrec<{ full: Value; common: Value; intMap: Value; array: Value }>((tie) => ({
  full: fc.oneof({ depthSize: 'small' }, common, tie('array'), tie('intMap')),
  array: fc.array(tie('full'), { maxLength: 5 }),
  intMap: fc
    .uniqueArray(fc.tuple(integer, tie('full')), { selector: ([k]) => k, minLength: 1, maxLength: 5 })
    .map((entries) => new Map<Value, Value>(entries)),
  common,
}))

describe('round trip', () => {
  test('every value comes back as it was', () => {
    fc.assert(
      fc.property(full, (value) => {
        expect(decodeValue(encodeValue(value))).toStrictEqual(value)
      }),
      { seed, numRuns: 600 },
    )
  })

  test('an Extension too', () => {
    fc.assert(
      fc.property(fc.integer({ min: -128, max: 127 }), bytes, (type, data) => {
        const value = new Extension(type, data)
        expect(decodeValue(encodeValue(value))).toStrictEqual(value)
      }),
      { seed, numRuns: 500 },
    )
  })
})

describe('against @msgpack/msgpack', () => {
  // it knows no middle way: either all 64-bit integers are bigints or none is
  const options = { useBigInt64: true, extensionCodec: new ExtensionCodec() }

  test('it reads what we write', () => {
    fc.assert(
      fc.property(common, (value) => {
        expect(narrowed(otherDecode(encodeValue(value), options))).toEqual(narrowed(value))
      }),
      { seed, numRuns: 600 },
    )
  })

  test('we read what it writes', () => {
    fc.assert(
      fc.property(common, (value) => {
        expect(narrowed(decodeValue(otherEncode(value, options)))).toEqual(narrowed(value))
      }),
      { seed, numRuns: 600 },
    )
  })

  test('and both write the same bytes where there is one narrowest way', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.integer(),
            key,
            fc.boolean(),
            bytes,
            fc.double().filter((x) => !Number.isInteger(x)),
          ),
        ),
        (value) => {
          expect(encodeValue(value).equals(otherEncode(value))).toBe(true)
        },
      ),
      { seed, numRuns: 1_000 },
    )
  })
})

test('100,000 hostile values: a value or a LevinError, nothing else', () => {
  const random = seeded(seed)
  const markers = [
    0x81, 0x82, 0x8f, 0x91, 0x9f, 0xa1, 0xc1, 0xc4, 0xc7, 0xca, 0xcf, 0xd3, 0xd9, 0xdc, 0xdd, 0xde, 0xdf,
  ]
  const valid = fc
    .sample(full, { seed, numRuns: 500 })
    .map((value) => encodeValue(value))
    .filter(({ length }) => length < 500)
  for (let i = 0; i < 100_000; i++) {
    let hostile = random.bytes(1 + random.int(40))
    if (i % 2 === 0) hostile[0] = random.pick(markers)
    if (i % 4 === 1) {
      hostile = Buffer.from(random.pick(valid))
      for (let n = random.int(3); n >= 0 && hostile.length > 0; n--) {
        hostile[random.int(hostile.length)] = random.int(256)
      }
      if (random.int(3) === 0) hostile = hostile.subarray(0, random.int(hostile.length + 1))
    }
    try {
      encodeValue(decodeValue(hostile))
    } catch (error) {
      if (!(error instanceof LevinError && error.code === 'PROTOCOL')) {
        throw new Error(`seed ${seed}, ${hostile.toString('hex')}`, { cause: error })
      }
    }
  }
}, 60_000)

/** Integers as bigints and bytes as arrays, for a comparison that does not mind how either library holds them. */
function narrowed(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (value instanceof Uint8Array) return { bytes: [...value] }
  if (Array.isArray(value)) return value.map(narrowed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, narrowed(inner)]))
}

test('lists of floats are what @msgpack/msgpack makes of them, both ways', () => {
  const float = () =>
    fc.oneof(fc.double(), fc.float(), fc.integer({ min: 0, max: 127 }), fc.constantFrom(-0, NaN))
  const lists = fc.array(fc.array(float(), { maxLength: 40 }), { maxLength: 8 })
  fc.assert(
    fc.property(lists, fc.boolean(), (values, forceFloat32) => {
      expect(decodeValue(otherEncode(values, { forceFloat32 }))).toEqual(
        otherDecode(otherEncode(values, { forceFloat32 })),
      )
      expect(otherDecode(encodeValue(values))).toEqual(values)
      expect(decodeValue(encodeValue(values))).toEqual(values)
    }),
    { numRuns: 500 },
  )
})

test('a million floats come back to the bit', () => {
  const values = Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i) * 10 ** (i % 300))
  expect(decodeValue(encodeValue(values))).toEqual(values)
})

test('what is among floats, or behind them, is read as ever', () => {
  for (const values of [
    [1.5, 'a', 2.5, 3],
    [1.5, 2.5, 3.5, 4.5, null],
    [0.5, -1, 0.5, 0.5],
    [0.5, 200, 0.5, [0.5]],
  ]) {
    expect(decodeValue(otherEncode(values))).toEqual(values)
  }
})
