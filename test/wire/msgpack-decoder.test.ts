import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../src/wire/msgpack.js'
import {
  Extension,
  HEAP_FLOOR,
  HEAP_RATIO,
  MOST_WORK,
  WORK_FLOOR,
  WORK_PER_BYTE,
} from '../../src/wire/value.js'
import { hex } from './vectors.js'

const refused = (bytes: Uint8Array) => {
  expect(() => decodeValue(bytes)).toThrow(expect.objectContaining({ name: 'LevinError', code: 'PROTOCOL' }))
}

describe('every format', () => {
  test.each([
    ['c0', null],
    ['c2', false],
    ['c3', true],
    ['00', 0],
    ['7f', 127],
    ['ff', -1],
    ['e0', -32],
    ['cc ff', 255],
    ['cd ffff', 65535],
    ['ce ffffffff', 4294967295],
    ['cf 0000000000000001', 1],
    ['cf 001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['cf 0020000000000000', 2n ** 53n],
    ['cf 0020000000000001', 2n ** 53n + 1n],
    ['cf ffffffffffffffff', 2n ** 64n - 1n],
    ['d0 80', -128],
    ['d1 8000', -32768],
    ['d2 80000000', -2147483648],
    ['d3 ffffffffffffffff', -1],
    ['d3 ffe0000000000001', Number.MIN_SAFE_INTEGER],
    ['d3 ffe0000000000000', -(2n ** 53n)],
    ['d3 8000000000000000', -(2n ** 63n)],
    ['d3 7fffffffffffffff', 2n ** 63n - 1n],
    ['ca 3fc00000', 1.5],
    ['cb 3ff8000000000000', 1.5],
    ['cb 8000000000000000', -0],
    ['a0', ''],
    ['a2 c3bc', 'ü'],
    ['d9 01 61', 'a'],
    ['da 0001 61', 'a'],
    ['db 00000001 61', 'a'],
    ['a3 efbfbd', '\ufffd'],
    ['a3 efbbbf', '\ufeff'],
    ['c4 02 0102', Buffer.from([1, 2])],
    ['c5 0002 0102', Buffer.from([1, 2])],
    ['c6 00000002 0102', Buffer.from([1, 2])],
    ['90', []],
    ['92 01 02', [1, 2]],
    ['dc 0002 01 02', [1, 2]],
    ['dd 00000002 01 02', [1, 2]],
    ['81 a161 01', { a: 1 }],
    ['de 0001 a161 01', { a: 1 }],
    ['df 00000001 a161 01', { a: 1 }],
    ['81 ab 636f6e7374727563746f72 01', { constructor: 1 }],
    ['81 01 a161', new Map([[1, 'a']])],
    [
      '82 a161 01 02 03',
      new Map<string | number, number>([
        ['a', 1],
        [2, 3],
      ]),
    ],
    ['d4 05 01', new Extension(5, Buffer.from([1]))],
    ['d6 ff 01020304', new Extension(-1, Buffer.from([1, 2, 3, 4]))],
    ['c7 03 80 010203', new Extension(-128, Buffer.from([1, 2, 3]))],
    ['c8 0000 7f', new Extension(127, Buffer.alloc(0))],
  ])('%s', (bytes, value) => {
    expect(decodeValue(hex(bytes))).toStrictEqual(value)
  })

  test('a bin is a view of the message', () => {
    const message = hex('91 c4 02 0102')
    const [bin] = decodeValue(message) as [Buffer]
    message[3] = 9
    expect([...bin]).toEqual([9, 2])
  })

  test('any Uint8Array is taken, also one that starts within its memory', () => {
    expect(decodeValue(new Uint8Array([0, 0xa1, 0x61]).subarray(1))).toBe('a')
  })
})

describe('refused', () => {
  test.each([
    ['nothing at all', ''],
    ['the format that does not exist', 'c1'],
    ['a byte after the value', 'c0 c0'],
    ['a str cut short', 'a2 61'],
    ['a long str cut short', 'db ffffffff 61'],
    ['a bin cut short', 'c4 02 01'],
    ['an integer cut short', 'cf 00'],
    ['an ext cut short', 'd8 01 00'],
    ['an array cut short', '92 01'],
    ['a map cut short', '81 a161'],
    ['an array that claims 4 Gi elements', 'dd ffffffff 01 02 03 04 05'],
    ['a map that claims 4 Gi entries', 'df ffffffff 01 02 03 04 05'],
    ['a str that is not UTF-8', 'a2 c328'],
    ['an overlong encoding', 'a2 c080'],
    ['half a surrogate pair', 'a3 eda080'],
    ['a long str that is not UTF-8', `d9 28 ${'61'.repeat(39)} ff`],
    ['__proto__', '81 a9 5f5f70726f746f5f5f 80'],
    ['__proto__ beside integer keys', '82 01 01 a9 5f5f70726f746f5f5f 80'],
    ['a key twice', '82 a161 01 a161 02'],
    ['a key twice that Object.prototype has', '82 a8 746f537472696e67 c0 a8 746f537472696e67 c0'],
    ['an integer key twice, in two widths', '82 01 01 cc01 02'],
    ['a string key twice beside an integer key', '83 a161 01 05 01 a161 02'],
    ['a bin key twice', '82 c40101 01 c40101 02'],
  ])('%s', (_, bytes) => refused(hex(bytes)))

  test('an invalid key never comes out of the cache of names', () => {
    expect(decodeValue(hex('81 a3 c3a931 01'))).toEqual({ é1: 1 })
    refused(hex('81 a2 e931 01'))
    for (let byte = 0x80; byte < 0x100; byte++) refused(Buffer.from([0x81, 0xa1, byte, 1]))
  })

  test('a claim of gigabytes costs nothing', () => {
    const before = process.memoryUsage().rss
    for (const claim of ['dd 0fffffff', 'df 0fffffff', 'c6 ffffffff', 'db ffffffff', 'c9 ffffffff 00']) {
      refused(hex(claim))
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('limits', () => {
  const arrays = (depth: number) => Buffer.concat([Buffer.alloc(depth - 1, 0x91), hex('90')])
  const maps = (depth: number) => Buffer.concat([Buffer.from('81a161'.repeat(depth - 1), 'hex'), hex('80')])
  const mapKeys = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x81), Buffer.alloc(depth + 1)])

  test('64 containers within each other are taken, 65 are refused', () => {
    for (const nested of [arrays, maps, mapKeys]) {
      decodeValue(nested(64))
      refused(nested(65))
    }
    refused(arrays(2_000_000))
  })

  const list = (count: number, of: Buffer) => {
    const header = hex('dd 00000000')
    header.writeUInt32BE(count, 1)
    return Buffer.concat([header, Buffer.alloc(count * of.length, of)])
  }

  test('numbers cost what they weigh: a whole frame of them is taken', () => {
    expect(decodeValue(list(7_000_000, hex('cb 3ff8000000000000')))).toHaveLength(7_000_000)
    expect(decodeValue(list(7_000_000, hex('01')))).toHaveLength(7_000_000)
  })

  test('a list is as long as V8 keeps one as a list', () => {
    expect(() => decodeValue(list(2 ** 25, hex('c0')))).toThrow(/a list of more than 33554431 values/)
  })

  test('512 embeddings of 1,024 numbers are taken, in any width', () => {
    for (const number of ['cb 3ff8000000000000', 'ca 3fc00000', '01', 'd1 ff00']) {
      const embedding = Buffer.concat([hex('dc 0400'), Buffer.alloc(1024 * hex(number).length, hex(number))])
      expect(decodeValue(list(512, embedding))).toHaveLength(512)
    }
  })

  /** The most of them that a test says are within a budget; one more is not. */
  const mostWithin = (fits: (count: number) => boolean): number => {
    let most = 0
    for (let step = 2 ** 20; step >= 1; step /= 2) if (fits(most + step)) most += step
    return most
  }

  test('maps are taken as far as they weigh no more than eight times their bytes and 16 MiB, and one more is not', () => {
    const map = hex('81 a161 01')
    decodeValue(map) // a name that was read lately is not made again
    // Each is 56 bytes, 56 and 88 for its entry, and 8 in its list; the list is 48.
    const most = mostWithin((count) => 48 + 208 * count <= HEAP_FLOOR + HEAP_RATIO * (5 + 4 * count))
    expect(decodeValue(list(most, map))).toHaveLength(most)
    expect(() => decodeValue(list(most + 1, map))).toThrow(/more than 8 times its bytes of memory/)
  })

  test('lists are taken as far as they can be decoded in time, and one more is not', () => {
    // Each is 7 and a value, the list that has them 7.
    const most = mostWithin((count) => 7 + 8 * count <= WORK_FLOOR + WORK_PER_BYTE * (5 + count))
    expect(decodeValue(list(most, hex('90')))).toHaveLength(most)
    expect(() => decodeValue(list(most + 1, hex('90')))).toThrow(/too long to decode/)
  })

  test('a longer message may take more time, but not as much as it likes', () => {
    const padded = (lists: number) => {
      const bytes = 30 * 1024 * 1024
      return Buffer.concat([hex('92'), list(lists, hex('90')), hex('c6 01e00000'), Buffer.alloc(bytes)])
    }
    // 7 and 2 for the outermost list, 7 for the one in it, 10 for the binary.
    const most = mostWithin((count) => 7 + 2 + 7 + 8 * count + 10 <= MOST_WORK)
    expect(decodeValue(padded(most))).toHaveLength(2)
    expect(() => decodeValue(padded(most + 1))).toThrow(/too long to decode/)
  })

  test('100,000 numbers are numbers, whatever their width', () => {
    for (const number of [
      '01',
      'ff',
      'cc ff',
      'cd ffff',
      'ce 000fffff',
      'ce ffffffff',
      'd0 80',
      'd1 8000',
      'd2 80000000',
    ]) {
      const value = decodeValue(hex(number))
      expect(decodeValue(list(100_000, hex(number)))).toEqual(new Array(100_000).fill(value))
    }
  })

  test('of keys that are new only so many are taken: each makes V8 write down another shape', () => {
    const maps = (count: number, name: (i: number) => string) =>
      encodeValue(Array.from({ length: count }, (_, i) => ({ [name(i)]: 1 })))
    const alike = maps(50_000, (i) => `k${i % 100}`)
    expect(decodeValue(alike)).toHaveLength(50_000)
    expect(() => decodeValue(maps(50_000, (i) => `n${i}`))).toThrow(/too long to decode/)
  })

  test('a map may have 25,000 keys', () => {
    const map = Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`hotkey${i}`, i]))
    expect(decodeValue(encodeValue(map))).toEqual(map)
  })

  test('a long text is read as a short one is', () => {
    for (const text of ['a', 'é', '€', '\u{1f600}', '\ufffd']) {
      const long = text.repeat(5000)
      expect(decodeValue(encodeValue([long, `${long}b`]))).toEqual([long, `${long}b`])
    }
    const bytes = encodeValue('é'.repeat(5000))
    expect(() => decodeValue(bytes.fill(0xff, bytes.length - 1))).toThrow(/not UTF-8/)
  })

  test('bombs are over soon', () => {
    const bombs = {
      'empty maps, 8 MiB': Buffer.concat([hex('dd 007fffff'), Buffer.alloc(0x7fffff, 0x80)]),
      'empty maps, all that is allowed': Buffer.concat([hex('dd 0003ffff'), Buffer.alloc(0x3ffff, 0x80)]),
      'empty bins': Buffer.concat([hex('dd 0003ffff'), Buffer.from('c400'.repeat(0x3ffff), 'hex')]),
      'nested claims': Buffer.from('dd0003ffff'.repeat(60_000), 'hex'),
    }
    for (const [name, bytes] of Object.entries(bombs)) {
      const started = performance.now()
      try {
        decodeValue(bytes)
      } catch (error) {
        expect(error, name).toMatchObject({ code: 'PROTOCOL' })
      }
      expect(performance.now() - started, name).toBeLessThan(500)
    }
  })
})
