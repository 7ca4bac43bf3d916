import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/doors/json/parse.js'
import { writeJson } from '../../../src/doors/json/write.js'
import { decodeValue, encodeValue } from '../../../src/wire/msgpack.js'
import { EncodedMap, Extension, MAX_DEPTH } from '../../../src/wire/value.js'
import { seed } from '../../wire/seeded.js'

describe('values', () => {
  class Point {
    x = 1
    y = undefined
  }

  test.each([
    [{ a: [1, 'b', null, true], c: { d: 1.5 } }, '{"a":[1,"b",null,true],"c":{"d":1.5}}'],
    [[undefined, { a: undefined, b: 1 }], '[null,{"b":1}]'],
    [new Point(), '{"x":1}'],
    [new Map([['a', 1]]), '{"a":1}'],
    [Buffer.from([255, 254, 1]), '"//4B"'],
    [new Uint8Array(), '""'],
    [new EncodedMap(encodeValue({ a: Buffer.from('b') })), '{"a":"Yg=="}'],
    ['"\\\n\u0000é😀', '"\\"\\\\\\n\\u0000é😀"'],
    ['\ud800"', '"\ufffd\\""'],
    ['a\udc00', '"a\ufffd"'],
    [-0, '-0.0'],
    [2 ** 53, '9.007199254740992e+15'],
    [-1e20, '-1e+20'],
    [1e21, '1e+21'],
    [5n, '5'],
    [2n ** 53n - 1n, '9007199254740991'],
    [2n ** 53n, '"9007199254740992"'],
    [-(2n ** 63n), '"-9223372036854775808"'],
    [2n ** 64n - 1n, '"18446744073709551615"'],
    [{ 'a"b': 1 }, '{"a\\"b":1}'],
  ])('%o is %s', (value, text) => {
    expect(writeJson(value)).toBe(text)
  })

  test('read again, they are what MessagePack brings', () => {
    const leaf = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt({ min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n }),
    )
    const key = fc.string({ unit: 'binary' }).filter((text) => text !== '__proto__')
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        leaf,
        fc.array(tie('tree'), { maxLength: 6 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        if (value === undefined) return
        expect(parseJson(Buffer.from(writeJson(value)))).toStrictEqual(decodeValue(encodeValue(value)))
      }),
      { seed, numRuns: 2000 },
    )
  })
})

describe('what is refused, as MessagePack refuses it', () => {
  const cycle: unknown[] = []
  cycle.push(cycle)

  test.each([
    ['a Date', { a: [new Date()] }, 'data.a[0]: a value of type Date'],
    ['a Set', new Set(), 'a value of type Set'],
    ['a function', { a: () => {} }, 'data.a: a value of type function'],
    ['a symbol', [Symbol.iterator], 'data[0]: a value of type symbol'],
    ['other arrays', new Float32Array(1), 'a value of type Float32Array'],
    ['large bigints', 2n ** 64n, 'must fit 64 bits'],
    ['large negative bigints', -(2n ** 63n) - 1n, 'must fit 64 bits'],
    ['cycles', cycle, `more than ${MAX_DEPTH} levels deep`],
    ['cycles of objects', { a: cycle }, `more than ${MAX_DEPTH} levels deep`],
  ])('%s', (_, value, why) => {
    expect(() => writeJson(value, 'data')).toThrow(why)
    expect(() => encodeValue(value, 'data')).toThrow(why)
  })

  test.each([
    ['NaN', { a: Number.NaN }, 'data.a: JSON has no NaN'],
    ['infinities', -Infinity, 'data: JSON has no -Infinity'],
    ['extensions', { a: new Extension(1, Buffer.from('a')) }, 'data.a: JSON has no extensions'],
    ['maps of others', new Map([[1, 2]]), 'data: the keys of a map'],
  ])('and %s, which MessagePack has', (_, value, why) => {
    expect(() => writeJson(value, 'data')).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
    expect(() => writeJson(value, 'data')).toThrow(why)
  })
})
