import { describe, expect, test } from 'vitest'
import { parseJson, parseJsonObject } from '../../../src/doors/json/parse.js'
import { MAX_DEPTH } from '../../../src/wire/value.js'

const parse = (text: string) => parseJson(Buffer.from(text))
const refusal = (text: string | Uint8Array): string => {
  try {
    parseJson(typeof text === 'string' ? Buffer.from(text) : text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'PROTOCOL' })
    return (error as Error).message
  }
  throw new Error(`taken: ${text.slice(0, 100)}`)
}

describe('values', () => {
  test.each([
    ...[
      '0',
      '-1',
      '1.5',
      '-0',
      '2e3',
      '1E-2',
      '1.0',
      '9007199254740991',
      '-9007199254740991',
      '123456789.25e-3',
    ],
    ...[
      '1e20',
      '5e-324',
      '1.7976931348623157e308',
      'true',
      'false',
      'null',
      '""',
      '"a"',
      '"abcdefghijklmnop"',
    ],
    ...[
      '"\\u00e9\\n\\"\\\\\\/"',
      '"Zürich, 日本, 😀, and some more"',
      '"\\ud83d\\ude00"',
      '[]',
      '{}',
      '[[]]',
    ],
    ...[' [ 1 , "a" ,\tnull\r\n] ', '{"a":{"b":[1,{"c":[]}]}, "d" : 1 }', '"\\\\"', '{"":""}', '"\u007f"'],
    ...['{"constructor":1,"toString":2,"hasOwnProperty":3}', '[1.5,2,"a"]', '"€"', '"\ufffd"'],
  ])('%s is as JSON.parse has it', (text) => {
    expect(parse(text)).toStrictEqual(JSON.parse(text))
  })

  test('integers keep each of their digits', () => {
    expect(parse('1795694573187193292')).toBe(1795694573187193292n)
    expect(parse('9007199254740993')).toBe(9007199254740993n)
    expect(parse('-9223372036854775808')).toBe(-(2n ** 63n))
    expect(parse('18446744073709551615')).toBe(2n ** 64n - 1n)
    expect(parse('1795694573187193300.0')).toBe(1795694573187193300)
  })

  test("Python's names for what JSON has none for", () => {
    expect(parse('[NaN,Infinity,-Infinity]')).toEqual([Number.NaN, Infinity, -Infinity])
  })

  test('half a character is what UTF-8 makes of it', () => {
    expect(parse('"a\\ud800b\\udc00\\ud83d\\ude00"')).toBe('a\ufffdb\ufffd😀')
    expect(parse('{"\\ud800":1}')).toEqual({ '\ufffd': 1 })
  })

  test('a text that is kept keeps none of the message', () => {
    const big = Buffer.from(`{"a":"${'a'.repeat(20)}","b":"${'b'.repeat(1000)}"}`)
    const { a } = parseJson(big) as { a: string }
    big.fill(0x78)
    expect(a).toBe('a'.repeat(20))
  })
})

describe('what is refused', () => {
  test.each<readonly [string, string]>([
    ['', 'end where a value should start'],
    ['  ', 'end where a value should start'],
    ...['01', '-01', '00'].map((text) => [text, 'starts with 0'] as const),
    ...['1.', '1e', '1e+', '-1.e1'].map((text) => [text, 'a digit is needed'] as const),
    ...['-', '+1', '.5', 'nul', 'True', "'a'", '-Inf', '\ufeff{}', ']', ','].map(
      (text) => [text, 'no value'] as const,
    ),
    ...['1 2', '{}{}', 'nulll', '[]]', '1x'].map((text) => [text, 'after the value'] as const),
    ...['"a', '"', '"\\"', '"\\', '"a\n"', '"\u0000"', '{"a'].map(
      (text) => [text, 'a text that does not end'] as const,
    ),
    ...['"\\x"', '"\\u12g4"', '"\\ua"', '"\\n\n"'].map((text) => [text, 'an escape that'] as const),
    ...['[1', '[1 2]'].map((text) => [text, 'a comma or ]'] as const),
    ...['{"a":1', '{"a":1 "b":2}'].map((text) => [text, 'a comma or }'] as const),
    ...['{', '{,}', '{a:1}', '{1:1}', '{"a":1,}'].map((text) => [text, 'a key is needed'] as const),
    ...['{"a"', '{"a" 1}'].map((text) => [text, 'a colon'] as const),
    ['[1,]', 'no value'],
    ['{"a":}', 'no value'],
    ['{"__proto__":1}', 'the key __proto__'],
    ['{"\\u005f_proto__":1}', 'the key __proto__'],
    ['{"a":1,"b":2,"a":1}', 'a key stands twice'],
    ['{"a":1,"\\u0061":1}', 'a key stands twice'],
    ['{"toString":1,"toString":1}', 'a key stands twice'],
    ['18446744073709551616', 'more than 64 bits'],
    ['-9223372036854775809', 'more than 64 bits'],
    [`1${'0'.repeat(30)}`, 'more than 64 bits'],
    ['1e400', 'beyond the range'],
    ['-1e400', 'beyond the range'],
  ])('%j: %s', (text, why) => {
    expect(refusal(text)).toContain(why)
  })

  test.each([[0xc3, 0x28], [0xed, 0xa0, 0x80], [0xff], [0xc0, 0xaf]])(
    'bytes that are not UTF-8: %d',
    (...bytes) => {
      expect(refusal(Buffer.from([0x22, ...bytes, 0x22]))).toContain('not UTF-8')
    },
  )

  test('more levels than MessagePack may have', () => {
    const nested = (depth: number, open: string, close: string) =>
      `${open.repeat(depth)}1${close.repeat(depth)}`
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(parse(nested(MAX_DEPTH, open, close))).toBeDefined()
      expect(refusal(nested(MAX_DEPTH + 1, open, close))).toContain('containers within each other')
      expect(refusal(nested(1_000_000, open, close))).toContain('containers within each other')
    }
  })
})

describe('an object as it was sent', () => {
  test('tells what each property looked like, in order', () => {
    const text = ' { "b" : 1.0 , "a":[1, 2] ,"2":1795694573187193292,"1": "\\u00e9ü" } '
    const { data, names, source } = parseJsonObject(Buffer.from(text))
    expect(data).toEqual({ b: 1, a: [1, 2], 2: 1795694573187193292n, 1: 'éü' })
    expect([...names]).toEqual(['b', 'a', '2', '1'])
    expect([...'ba21'].map(source)).toEqual(['1.0', '[1, 2]', '1795694573187193292', '"\\u00e9ü"'])
    expect(source('toString')).toBeUndefined()
  })

  test.each(['[]', '1', 'null', '"a"', ''])('%j is none', (text) => {
    expect(() => parseJsonObject(Buffer.from(text))).toThrow('an object is needed')
  })
})
