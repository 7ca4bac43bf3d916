import { decode } from '@msgpack/msgpack'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../src/wire/msgpack.js'
import { EncodedMap, Extension } from '../../src/wire/value.js'
import { hex } from './vectors.js'

const bytesOf = (value: unknown) => encodeValue(value).toString('hex')
const refusal = (value: unknown): string => {
  try {
    encodeValue(value, 'data')
  } catch (error) {
    expect(error).toMatchObject({ name: 'LevinError', code: 'INVALID_REQUEST' })
    return (error as Error).message
  }
  throw new Error('it was encoded')
}

describe('the narrowest format', () => {
  test.each([
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65535, 'cdffff'],
    [65536, 'ce00010000'],
    [4294967295, 'ceffffffff'],
    [4294967296, 'cf0000000100000000'],
    [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32768, 'd18000'],
    [-32769, 'd2ffff7fff'],
    [-2147483648, 'd280000000'],
    [-2147483649, 'd3ffffffff7fffffff'],
    [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'],
    [5n, '05'],
    [-5n, 'fb'],
    [2n ** 53n, 'cf0020000000000000'],
    [2n ** 64n - 1n, 'cfffffffffffffffff'],
    [-(2n ** 63n), 'd38000000000000000'],
    [1.5, 'cb3ff8000000000000'],
    [-0, 'cb8000000000000000'],
    [2 ** 53, 'cb4340000000000000'],
    [Number.NaN, 'cb7ff8000000000000'],
    [Number.POSITIVE_INFINITY, 'cb7ff0000000000000'],
    ['ü', 'a2c3bc'],
    ['a'.repeat(31), `bf${'61'.repeat(31)}`],
    ['a'.repeat(32), `d920${'61'.repeat(32)}`],
    ['ü'.repeat(16), `d920${'c3bc'.repeat(16)}`],
    ['a'.repeat(256), `da0100${'61'.repeat(256)}`],
    [new Uint8Array([1, 2]), 'c4020102'],
    [[], '90'],
    [{}, '80'],
    [Object.create(null), '80'],
    [new Map([[1, { 2: 3 }]]), '810181a13203'],
    [new Extension(5, new Uint8Array(1)), 'd40500'],
    [new Extension(-1, new Uint8Array(3)), 'c703ff000000'],
    [new EncodedMap(hex('81 a161 d200000001')), '81a161d200000001'],
  ])('%s', (value, bytes) => expect(bytesOf(value)).toBe(bytes))

  test.each([15, 16, 65535, 65536])('%i entries', (count) => {
    const array = new Array<number>(count).fill(1)
    const object = Object.fromEntries(array.map((_, i) => [`k${i}`, i]))
    expect(decodeValue(encodeValue(array))).toEqual(array)
    // by the other decoder: ours has not the time for so many keys
    expect(decode(encodeValue(object))).toEqual(object)
    expect(decode(encodeValue(new Map(Object.entries(object))))).toEqual(object)
    const marker = count < 16 ? [0x9f, 0x8f] : count < 65536 ? [0xdc, 0xde] : [0xdd, 0xdf]
    expect([encodeValue(array)[0], encodeValue(object)[0]]).toEqual(marker)
  })
})

describe('what is left out, and what becomes nil', () => {
  test('an undefined property is left out, however many there are', () => {
    expect(bytesOf({ a: undefined, b: 1 })).toBe('81a16201')
    const sixteen = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`${i}`, i || undefined]))
    expect(bytesOf(sixteen).slice(0, 2)).toBe('8f')
  })

  test('a property that only turns out undefined while it is written leaves no gap', () => {
    let reads = 0
    const shy = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i]))
    Object.defineProperty(shy, 'k3', { enumerable: true, get: () => (reads++ === 0 ? 3 : undefined) })
    expect(Object.keys(decodeValue(encodeValue(shy)) as object)).toHaveLength(19)
  })

  test('undefined in an array or a Map is nil', () => {
    expect(bytesOf([undefined, 1])).toBe('92c001')
    expect(bytesOf(new Map([['a', undefined]]))).toBe('81a161c0')
  })

  test('a class instance is its own enumerable properties', () => {
    class Base {
      city = 'Oslo'
      #secret = 1
      get days() {
        return this.#secret
      }
    }
    expect(decodeValue(encodeValue(new Base()))).toEqual({ city: 'Oslo' })
  })
})

describe('refused, naming the path', () => {
  test.each([
    [
      { items: [1, 2, 3, { price: () => 1 }] },
      'data.items[3].price: a value of type function cannot be sent',
    ],
    [{ a: Symbol('s') }, 'data.a: a value of type symbol'],
    [
      { when: new Date(0) },
      'data.when: a value of type Date cannot be sent: send getTime() or toISOString()',
    ],
    [{ 'two words': new Set() }, 'data["two words"]: a value of type Set'],
    [[new Float32Array(2)], 'data[0]: a value of type Float32Array'],
    [[new ArrayBuffer(2)], 'data[0]: a value of type ArrayBuffer'],
    [[Promise.resolve()], 'data[0]: a value of type Promise'],
    [[new Error('x')], 'data[0]: a value of type Error'],
    [[Object(1)], 'data[0]: a value of type Number'],
    [new Map([[7, /x/]]), 'data[7]: a value of type RegExp'],
    [{ n: 2n ** 64n }, 'data.n: a bigint must fit 64 bits'],
    [{ n: -(2n ** 63n) - 1n }, 'data.n: a bigint must fit 64 bits'],
    [[new EncodedMap(hex('90'))], 'data[0]: an EncodedMap must hold'],
    [[new EncodedMap(hex(''))], 'data[0]: an EncodedMap must hold'],
    [[new Extension(128, new Uint8Array())], 'data[0]: an Extension has a type'],
    [undefined, 'data: a value of type undefined'],
  ])('%#', (value, message) => expect(refusal(value)).toContain(message))

  test('a cycle, and 65 levels; 64 are fine', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(refusal(cycle)).toContain('is there a cycle')
    const nested = (levels: number): unknown => (levels === 1 ? {} : { a: nested(levels - 1) })
    decodeValue(encodeValue(nested(64)))
    expect(refusal(nested(65))).toContain('more than 64 levels')
  })

  test('after a refusal the next message is whole', () => {
    refusal({ big: Buffer.alloc(100_000), bad: () => 1 })
    refusal({ a: 'x', bad: () => 1 })
    expect(bytesOf({ a: 1 })).toBe('81a16101')
  })
})

describe('memory', () => {
  test('no message shares bytes with another, whatever their sizes', () => {
    const sizes = Array.from({ length: 600 }, (_, i) => [3, 1024, 9000, 17_000, 70_000, 300][i % 6]!)
    const messages = sizes.map((size, i) => encodeValue({ payload: Buffer.alloc(size, i) }))
    messages.forEach((message, i) => {
      expect((decodeValue(message) as { payload: Buffer }).payload.equals(Buffer.alloc(sizes[i]!, i))).toBe(
        true,
      )
    })
  })

  test('a getter may encode something itself', () => {
    const outer = {
      before: 'x'.repeat(1000),
      get inner() {
        return encodeValue({ a: 'inner' })
      },
      after: 'y'.repeat(1000),
    }
    const decoded = decodeValue(encodeValue(outer)) as typeof outer
    expect(decoded.before + decoded.after).toBe(outer.before + outer.after)
    expect(decodeValue(decoded.inner)).toEqual({ a: 'inner' })
  })
})
