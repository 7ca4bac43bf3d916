import 'reflect-metadata'
import { inspect } from 'node:util'
import { Expose, Type } from 'class-transformer'
import { Allow, IsArray, IsOptional, IsString, ValidateNested } from 'class-validator'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DtoClass } from '../../../src/contract/definition.js'
import { describeDto } from '../../../src/contract/dto.js'
import { rulesOf, sentNamesOf, typedIn } from '../../../src/contract/metadata.js'
import { IsBytes } from '../../../src/decorators/is-bytes.js'
import { parseJson } from '../../../src/doors/json/parse.js'
import { jsonReader, MOST_TYPED } from '../../../src/doors/json/typed.js'
import { writeJson } from '../../../src/doors/json/write.js'
import { decodeValue, encodeValue } from '../../../src/wire/msgpack.js'
import type { SynapseData } from '../../../src/wire/value.js'
import { generatedClasses } from '../../support/generated-classes.js'
import { seed } from '../../wire/seeded.js'

class Part {
  @IsBytes({ max: 4 }) bytes!: Uint8Array
  @IsOptional() @ValidateNested() @Type(() => Part) part?: Part
}

class Cat {
  @Allow() kind!: string
  @IsBytes() fur!: Uint8Array
}

class Dog {
  @Allow() kind!: string
  @IsString() fur!: string
}

class Whole {
  @IsOptional() @IsBytes() bytes?: Uint8Array
  @IsOptional() @IsBytes({}, { each: true }) list?: Uint8Array[]
  @IsOptional() @Allow() nonce?: bigint
  @IsOptional() @IsString() text?: string
  @IsOptional() @Allow() any?: unknown
  @IsOptional() @IsBytes() @Expose({ name: 'sent' }) renamed?: Uint8Array
  @IsOptional() @ValidateNested() @Type(() => Part) part?: Part
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => Part) parts?: Part[]
  @IsOptional()
  @Type(() => Dog, {
    keepDiscriminatorProperty: true,
    discriminator: {
      property: 'kind',
      subTypes: [
        { name: 'cat', value: Cat },
        { name: 'dog', value: Dog },
      ],
    },
  })
  animals?: (Cat | Dog)[]
}

const read = jsonReader(Whole)
const bytes = (text: string) => Buffer.from(text)

test.each<[unknown, unknown]>([
  [{ bytes: 'YWI=' }, { bytes: bytes('ab') }],
  [{ bytes: '' }, { bytes: bytes('') }],
  [
    { sent: 'YWI=', renamed: 'YWI=' },
    { sent: bytes('ab'), renamed: 'YWI=' },
  ],
  [{ list: ['YQ==', 1, 'YWI='] }, { list: [bytes('a'), 1, bytes('ab')] }],
  [{ nonce: '1795694573187193292' }, { nonce: 1795694573187193292n }],
  [{ nonce: '-9223372036854775808' }, { nonce: -(2n ** 63n) }],
  [{ nonce: '12' }, { nonce: 12 }],
  [
    { text: 'YWI=', any: 'YWI=' },
    { text: 'YWI=', any: 'YWI=' },
  ],
  [
    { part: { bytes: 'YQ==', part: { bytes: 'YWI=' } }, parts: [{ bytes: 'YQ==' }, 'x', null] },
    { part: { bytes: bytes('a'), part: { bytes: bytes('ab') } }, parts: [{ bytes: bytes('a') }, 'x', null] },
  ],
  [
    {
      animals: [
        { kind: 'cat', fur: 'YQ==' },
        { kind: 'dog', fur: 'YQ==' },
        { kind: 'emu', fur: 'YQ==' },
      ],
    },
    {
      animals: [
        { kind: 'cat', fur: bytes('a') },
        { kind: 'dog', fur: 'YQ==' },
        { kind: 'emu', fur: 'YQ==' },
      ],
    },
  ],
])('%j is %o', (json, data) => {
  expect(read(structuredClone(json) as SynapseData)).toStrictEqual(data)
})

test.each([
  ...['YWI', 'YW I=', 'YWJ=', '-_8=', 'é', 'YWI=\n', '=', '===='].map((text) => ({ bytes: text })),
  ...['', '0x10', '1e3', '01', '-0', ' 1', '18446744073709551616', '1.0'].map((text) => ({ nonce: text })),
  { bytes: null, list: null, part: null, parts: null, nonce: null },
  { bytes: { 0: 1 }, part: [], parts: {} },
])('%j stays as it is, for the class to refuse', (json) => {
  expect(read(structuredClone(json) as SynapseData)).toStrictEqual(json)
})

test('without a class, and for one that has neither, data is not looked at', () => {
  const data = { bytes: 'YWI=' }
  expect(jsonReader(undefined)(data)).toBe(data)
  expect(jsonReader(Dog)(Object.freeze(data))).toBe(data)
})

test('more values than are converted are refused', () => {
  const list = (count: number) => ({ list: new Array<string>(count).fill('') })
  expect(read(list(MOST_TYPED - 1)).list).toHaveLength(MOST_TYPED - 1)
  expect(() => read(list(MOST_TYPED))).toThrow(expect.objectContaining({ code: 'PROTOCOL' }))
})

describe(`seed ${seed}`, () => {
  test('a class is given the same by JSON as by MessagePack', () => {
    const seen = { accepted: 0, refused: 0 }
    for (const { type, data, text } of fc.sample(generatedClasses, { numRuns: 100, seed })) {
      const reader = jsonReader(type)
      for (const given of fc.sample(data, { numRuns: 30, seed })) {
        const sent = asJsonCan(given, type) as object
        const what = `${text}: ${inspect(sent, { depth: 5 })}`
        const packed = outcome(type, decodeValue(encodeValue(sent)))
        const json = parseJson(Buffer.from(writeJson(sent))) as SynapseData
        expect(outcome(type, reader(json)), what).toStrictEqual(packed)
        if ('instance' in packed) seen.accepted++
        else seen.refused++
      }
    }
    console.log(`${seen.accepted} accepted, ${seen.refused} refused`)
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100)
  })

  test('and what it gives is read the same', () => {
    const part = fc.record({ bytes: fc.uint8Array({ maxLength: 4 }) })
    const whole = fc.record(
      {
        bytes: fc.uint8Array(),
        list: fc.array(fc.uint8Array()),
        nonce: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        text: fc.string(),
        sent: fc.uint8Array(),
        part,
        parts: fc.array(part),
      },
      { requiredKeys: [] },
    )
    const dto = describeDto(Whole, 'it', {})
    fc.assert(
      fc.property(whole, (data) => {
        const plain = dto.plain(dto.instance(decodeValue(encodeValue(data)), 'INTERNAL'))
        const json = parseJson(Buffer.from(writeJson(plain))) as SynapseData
        expect(dto.instance(read(json), 'INTERNAL')).toStrictEqual(
          dto.instance(decodeValue(encodeValue(plain)), 'INTERNAL'),
        )
      }),
      { seed },
    )
  })
})

type Outcome = { readonly instance: object } | { readonly faults: string }

function outcome(type: DtoClass, data: unknown): Outcome {
  try {
    return { instance: describeDto(type, 'it', {}).instance(data, 'INVALID_REQUEST') }
  } catch (error) {
    return { faults: (error as Error).message }
  }
}

/** The same without what JSON has no form for, and without bytes and text where the class does not tell which is which. */
function asJsonCan(value: unknown, type?: DtoClass): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return 0
  if (value instanceof Uint8Array) return '?'
  if (Array.isArray(value)) return value.map((element) => asJsonCan(element, type))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const property = type && sentNamesOf(type).get(key)
      const isBytes =
        type &&
        rulesOf(type).some(({ propertyName, name }) => propertyName === property && name === 'isBytes')
      if (isBytes) return [key, onlyBytes(inner)]
      const typed = type && typedIn(type).find(({ propertyName }) => propertyName === property)
      const nested = typed?.typeFunction?.({ newObject: {}, object: {}, property: key })
      const isClass =
        typeof nested === 'function' && ![String, Number, Boolean, Date].includes(nested as never)
      return [key, asJsonCan(inner, isClass ? (nested as DtoClass) : undefined)]
    }),
  )
}

/** Text that is no base64 is as wrong as any. */
function onlyBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(onlyBytes)
  return typeof value === 'string' ? `?${value}` : asJsonCan(value)
}
