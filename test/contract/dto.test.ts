import { Exclude, Expose, Transform, Type } from 'class-transformer'
import {
  Allow,
  ArrayMaxSize,
  IsArray,
  IsDate,
  IsDefined,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  registerDecorator,
  Validate,
  ValidateBy,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator'
import { describe, expect, test } from 'vitest'
import type { DtoClass } from '../../src/contract/definition.js'
import { describeDto } from '../../src/contract/dto.js'
import { IsBytes } from '../../src/decorators/is-bytes.js'
import { LevinError } from '../../src/errors.js'
import { decodeValue, encodeValue } from '../../src/wire/msgpack.js'
import { Extension, type Value } from '../../src/wire/value.js'

const MIB = 1024 * 1024
const USE = "request of synapse 'test'"

class Plain {
  @IsInt() @Max(10) n!: number
  @IsOptional() @IsString() text?: string
}

class Inner {
  @IsString() name!: string
  @IsOptional() @IsBytes() blob?: Uint8Array
}

class Outer {
  @IsDefined()
  @ValidateNested()
  @Type(() => Inner)
  inner!: Inner
  @IsArray() @ArrayMaxSize(1000) @ValidateNested({ each: true }) @Type(() => Inner) list: Inner[] = []
}

const dto = <T extends object>(type: DtoClass<T>, unknownProperties: 'refuse' | 'drop' = 'refuse') =>
  describeDto(type, USE, { unknownProperties })
const bind = <T extends object>(type: DtoClass<T>, data: unknown, unknownProperties?: 'refuse' | 'drop') =>
  dto(type, unknownProperties).instance(data, 'INVALID_REQUEST')
/** As what a peer would read. */
const sent = <T extends object>(type: DtoClass<T>, instance: T) =>
  decodeValue(encodeValue(dto(type).plain(instance)))

function fault(run: () => unknown): LevinError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(LevinError)
    return error as LevinError
  }
  throw new Error('nothing was thrown')
}

describe('plain data', () => {
  test('becomes an instance of the class', () => {
    const instance = bind(Plain, { n: 3, text: 'x' })
    expect(instance).toBeInstanceOf(Plain)
    expect(instance).toEqual(Object.assign(new Plain(), { n: 3, text: 'x' }))
  })

  test('is refused with the code that the caller gave', () => {
    for (const code of ['INVALID_REQUEST', 'INVALID_ANSWER'] as const) {
      expect(fault(() => dto(Plain).instance({ n: 'x' }, code)).code).toBe(code)
    }
  })

  test.each([[null], [undefined], [7], ['text'], [[]], [[{ n: 1 }]], [true], [() => 1]])(
    'is no %j',
    (data) => {
      expect(fault(() => bind(Plain, data)).message).toContain('Plain')
    },
  )

  test('that is an instance already is checked all the same, and stays the same', () => {
    const good = Object.assign(new Plain(), { n: 1 })
    expect(bind(Plain, good)).toBe(good)
    expect(fault(() => bind(Plain, Object.assign(new Plain(), { n: 11 }))).code).toBe('INVALID_REQUEST')
    const more = Object.assign(new Plain(), { n: 1, more: true })
    expect(fault(() => bind(Plain, more)).message).toContain('more')
  })

  test('is not changed', () => {
    const data = Object.freeze({ n: 1, more: true })
    bind(Plain, data, 'drop')
    expect(data).toEqual({ n: 1, more: true })
  })
})

describe('properties that the class does not declare', () => {
  test.each<[string, DtoClass, object]>([
    ['a plain class', Plain, { n: 1 }],
    ['a nested one', Outer, { inner: { name: 'a' }, list: [] }],
  ])('%s: refused by name, or dropped', (_, type, good) => {
    expect(fault(() => bind(type, { ...good, extra: 1 })).message).toContain('extra')
    const dropped = bind(type, { ...good, extra: 1 }, 'drop')
    expect(dropped).not.toHaveProperty('extra')
    expect(dropped).toEqual(bind(type, good))
  })

  test('within nested ones too', () => {
    const data = { inner: { name: 'a', extra: 1 }, list: [{ name: 'b', extra: 2 }] }
    expect(fault(() => bind(Outer, data)).message).toContain('extra')
    const bound = bind(Outer, data, 'drop')
    expect([bound.inner, bound.list[0]]).toEqual([
      Object.assign(new Inner(), { name: 'a' }),
      Object.assign(new Inner(), { name: 'b' }),
    ])
  })

  test('of an instance are left out without touching the instance', () => {
    const given = Object.freeze(Object.assign(new Plain(), { n: 1, more: true }))
    const bound = bind(Plain, given, 'drop')
    expect(sent(Plain, bound)).toEqual({ n: 1 })
    expect(given).toHaveProperty('more')
  })

  test('of instances within an instance too', () => {
    const inner = Object.freeze(Object.assign(new Inner(), { name: 'a', extra: 1 }))
    const given = Object.freeze(Object.assign(new Outer(), { inner, list: [inner], extra: 1 }))
    const { instance, plain } = dto(Outer, 'drop')
    expect(plain(instance(given, 'INVALID_ANSWER'))).toEqual({ inner: { name: 'a' }, list: [{ name: 'a' }] })
    expect(inner).toHaveProperty('extra')
  })

  test('do not reach a handler by being exposed', () => {
    class Careless {
      @IsInt() n!: number
      @Expose() unchecked?: string
    }
    expect(bind(Careless, { n: 1, unchecked: 'x' }, 'drop').unchecked).toBeUndefined()
    expect(fault(() => bind(Careless, { n: 1, unchecked: 'x' })).message).toContain('unchecked')
  })

  test.each(['refuse', 'drop'] as const)('100,000 of them are not looked at: %s', (unknown) => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`p${i}`, i]))
    let looks = 0
    const watched = (data: object) =>
      new Proxy(data, {
        get(target, key) {
          looks++
          return Reflect.get(target, key)
        },
      })
    fault(() => bind(Outer, watched({ ...many, list: [] }), unknown))
    fault(() => bind(Outer, { inner: watched({ ...many, name: 1 }), list: [] }, unknown))
    expect(looks).toBeLessThan(10)
  })
})

describe('nested classes', () => {
  test('one and a list of them', () => {
    const bound = bind(Outer, { inner: { name: 'a' }, list: [{ name: 'b' }, { name: 'c' }] })
    expect(bound.inner).toBeInstanceOf(Inner)
    expect(bound.list.map((inner) => inner instanceof Inner && inner.name)).toEqual(['b', 'c'])
  })

  test.each<[string, object, string]>([
    ['missing', { list: [] }, 'inner'],
    ['a list in place of one', { inner: [{ name: 'a' }], list: [] }, 'inner'],
    ['nothing in place of one', { inner: [], list: [] }, 'inner'],
    ['of another kind', { inner: 'text', list: [] }, 'inner'],
    ['null', { inner: null, list: [] }, 'inner'],
    ['invalid', { inner: { name: 1 }, list: [] }, 'inner: name must be a string'],
    [
      'invalid in a list',
      { inner: { name: 'a' }, list: [{ name: 'b' }, { name: 1 }] },
      'list.1: name must be',
    ],
    ['a list within a list', { inner: { name: 'a' }, list: [[{ name: 'b' }]] }, 'list'],
    ['no list', { inner: { name: 'a' }, list: { name: 'b' } }, 'list'],
    ['holes', { inner: { name: 'a' }, list: [null] }, 'list'],
  ])('%s: the text says where', (_, data, where) => {
    const error = fault(() => bind(Outer, data))
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.message).toContain(where)
  })

  test('one in place of a list, where nothing else says that it is one', () => {
    class Several {
      @ValidateNested({ each: true }) @Type(() => Inner) list!: Inner[]
    }
    expect(bind(Several, { list: [{ name: 'a' }] }).list[0]).toBeInstanceOf(Inner)
    expect(fault(() => bind(Several, { list: { name: 'a' } })).message).toContain('list must be a list')
  })

  test('plain ones within an instance: the text says what to do', () => {
    const outer = Object.assign(new Outer(), { inner: new Inner(), list: [{ name: 'b' }] })
    outer.inner.name = 'a'
    const { message } = fault(() => bind(Outer, outer))
    expect(message).toBe(
      `${USE}: list.0 must be an instance of its class: make it with \`new\`, or give the whole as a plain object`,
    )
    expect(bind(Outer, { ...outer }).list[0]).toBeInstanceOf(Inner)
  })

  test('plain ones whose class nothing names: the text says what the property needs', () => {
    class Untyped {
      @ValidateNested() inner!: object
    }
    const { message } = fault(() => bind(Untyped, { inner: {} }))
    expect(message).toBe(
      `${USE}: inner must be an instance of its class: its property needs @Type(() => TheClass)`,
    )
  })

  test('go back out as plain maps', () => {
    const instance = Object.assign(new Outer(), { inner: { name: 'a' }, list: [{ name: 'b' }] })
    expect(sent(Outer, instance)).toEqual({ inner: { name: 'a' }, list: [{ name: 'b' }] })
  })
})

describe('inherited properties', () => {
  class Base {
    @IsInt() n!: number
  }
  class Derived extends Base {
    @IsString() text!: string
  }
  class Nameless extends Derived {}

  test.each([[Derived], [Nameless]])('%s', (type) => {
    expect(bind(type, { n: 1, text: 'a' })).toBeInstanceOf(type)
    expect(fault(() => bind(type, { n: 'x', text: 'a' })).message).toContain('n must be')
    expect(fault(() => bind(type, { n: 1 })).message).toContain('text')
    expect(fault(() => bind(type, { n: 1, text: '', more: 1 })).message).toContain('more')
  })

  test('a nested class in the ancestor', () => {
    class Further extends Outer {
      @IsInt() n!: number
    }
    const bound = bind(Further, { n: 1, inner: { name: 'a' }, list: [] })
    expect(bound.inner).toBeInstanceOf(Inner)
    expect(fault(() => bind(Further, { n: 1, inner: { name: 1 }, list: [] })).message).toContain('inner')
  })
})

describe('own keys with special names', () => {
  const hostile = (json: string) => JSON.parse(json) as object

  test.each<[string, DtoClass, string]>([
    ['constructor', Plain, '{"n":"bad","constructor":{"name":"x"}}'],
    ['constructor', Plain, '{"n":"bad","constructor":null}'],
    ['constructor', Outer, '{"inner":{"name":1},"list":[],"constructor":5}'],
    ['__proto__', Plain, '{"n":"bad","__proto__":{"n":1}}'],
    ['__proto__', Plain, '{"__proto__":{"n":1}}'],
    ['__proto__', Outer, '{"list":[],"__proto__":{"inner":{"name":"a"}}}'],
    ['__proto__', Outer, '{"inner":{"__proto__":{"name":"a"}},"list":[]}'],
    ['constructor within', Outer, '{"inner":{"name":1,"constructor":{}},"list":[]}'],
    ['constructor within a list', Outer, '{"inner":{"name":"a"},"list":[{"name":1,"constructor":null}]}'],
    ['toString', Plain, '{"n":"bad","toString":1,"hasOwnProperty":1,"valueOf":1}'],
  ])('%s does not get around the checks: %s %s', (_, type, json) => {
    for (const unknown of ['refuse', 'drop'] as const) {
      expect(fault(() => bind(type, hostile(json), unknown)).code).toBe('INVALID_REQUEST')
    }
  })

  test('nor do they reach the prototype of anything', () => {
    const good =
      '{"inner":{"name":"a"},"list":[],"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    for (const unknown of ['refuse', 'drop'] as const) {
      try {
        const bound = bind(Outer, hostile(good), unknown)
        expect(Object.getPrototypeOf(bound)).toBe(Outer.prototype)
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_REQUEST' })
      }
    }
    expect('polluted' in {}).toBe(false)
  })

  test.each(['5', 'null', '"text"', '{}'])(
    'in a part that no class describes: {"constructor":%s} is data or a fault',
    (given) => {
      class Loose {
        @Allow() any: unknown
        @IsOptional() @ValidateNested() @Type(() => Inner) inner?: Inner
      }
      try {
        expect(bind(Loose, hostile(`{"any":{"constructor":${given}}}`))).toBeInstanceOf(Loose)
      } catch (error) {
        expect(error).toMatchObject({ name: 'LevinError', code: 'INVALID_REQUEST' })
      }
    },
  )

  test('a nested object without @Type is a fault with its code, whatever it holds', () => {
    class Untyped {
      @ValidateNested() inner!: object
    }
    for (const json of ['{"inner":{}}', '{"inner":{"constructor":null}}', '{"inner":{"constructor":5}}']) {
      expect(fault(() => bind(Untyped, hostile(json))).code).toBe('INVALID_REQUEST')
    }
  })
})

describe('what no class describes', () => {
  class Loose {
    @Allow() any: unknown
    @IsOptional() @ValidateNested() @Type(() => Inner) inner?: Inner
  }

  test('goes through a transformed class as it came', () => {
    const any = {
      map: new Map<Value, Value>([[1, 'one']]),
      extension: new Extension(5, Buffer.from([1])),
      constructor: 5,
      deep: [{ big: 2n ** 63n, bytes: Buffer.from([2]) }],
    }
    const bound = bind(Loose, { any })
    expect(bound.any).toBe(any)
    expect(sent(Loose, bound)).toEqual({ any })
  })

  test('and instances within it go out as their classes say', () => {
    const bound = Object.assign(new Loose(), { any: { in: new Map([['map', new Secretive()]]) } })
    expect(sent(Loose, bound)).toEqual({ any: { in: { map: { shown: 1 } } } })
  })

  class Secretive {
    shown = 1
    @Exclude() secret = 2
  }
})

describe('binary', () => {
  class Blob {
    @IsBytes() bytes!: Uint8Array
  }

  test('of a plain class is the very memory that came: nothing walks 1 MiB', () => {
    const bytes = Buffer.alloc(MIB, 7)
    const bound = bind(Blob, { bytes })
    expect(bound.bytes).toBe(bytes)
    expect(dto(Blob).plain(bound)).toHaveProperty('bytes', bytes)
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, 5)
    expect((dto(Blob).plain(bind(Blob, { bytes: view })) as Blob).bytes).toBe(view)
  })

  test('as it is decoded from a message is a view of the message', () => {
    const message = encodeValue({ bytes: Buffer.alloc(MIB, 7) })
    const bound = bind(Blob, decodeValue(message))
    message[message.length - 1] = 9
    expect(bound.bytes[MIB - 1]).toBe(9)
  })

  test.each<[string, (size: number) => Uint8Array]>([
    ['Uint8Array', (size) => new Uint8Array(size).fill(7)],
    ['Buffer', (size) => Buffer.alloc(size, 7)],
    [
      'view within another',
      (size) => new Uint8Array(size + 20).fill(7, 10, 10 + size).subarray(10, 10 + size),
    ],
  ])('of a class that is transformed: a %s of 1 MiB in and out', (_, make) => {
    const blob = make(MIB)
    const bound = bind(Outer, { inner: { name: 'a', blob }, list: [{ name: 'b', blob }] })
    for (const inner of [bound.inner, bound.list[0]!]) {
      expect(inner.blob).toBeInstanceOf(Uint8Array)
      expect(Buffer.compare(inner.blob!, blob)).toBe(0)
    }
    const out = sent(Outer, bound) as unknown as Outer
    expect(Buffer.compare(out.inner.blob!, blob)).toBe(0)
    expect(Buffer.compare(out.list[0]!.blob!, blob)).toBe(0)
  })

  test('of an instance that a handler made, deep within', () => {
    const blob = new Uint8Array(MIB).fill(7)
    const inner = Object.assign(new Inner(), { name: 'a', blob })
    const answer = Object.assign(new Outer(), { inner, list: [inner] })
    const bound = dto(Outer).instance(answer, 'INVALID_ANSWER')
    expect(bound).toBe(answer)
    const out = sent(Outer, bound) as unknown as Outer
    expect(Buffer.compare(out.inner.blob!, blob)).toBe(0)
    expect(Buffer.compare(out.list[0]!.blob!, blob)).toBe(0)
    expect(inner.blob).toBe(blob)
  })
})

describe("class-transformer's decorators", () => {
  class Renamed {
    @Expose({ name: 'city_name' }) @IsString() city!: string
  }
  class Computed {
    @Transform(({ value }) => value * 10, { toClassOnly: true })
    @Transform(({ value }) => value / 10, { toPlainOnly: true })
    @IsInt()
    tenths!: number
  }
  class Hidden {
    @IsString() shown!: string
    @IsOptional() @Exclude() @IsString() internal?: string
  }
  @Exclude()
  class Listed {
    @Expose() @IsString() shown!: string
    @IsOptional() @IsString() internal?: string
  }

  test('@Expose: another name on the wire, both ways', () => {
    const bound = bind(Renamed, { city_name: 'Oslo' })
    expect(bound.city).toBe('Oslo')
    expect(sent(Renamed, bound)).toEqual({ city_name: 'Oslo' })
  })

  test('@Transform: in and out', () => {
    const bound = bind(Computed, { tenths: 1.5 })
    expect(bound.tenths).toBe(15)
    expect(sent(Computed, bound)).toEqual({ tenths: 1.5 })
  })

  test.each<[string, DtoClass<Hidden>]>([
    ['of a property', Hidden],
    ['of a class', Listed],
  ])('@Exclude %s: neither taken nor given', (_, type) => {
    const bound = bind(type, { shown: 'a', internal: 'from outside' })
    expect(bound.internal).toBeUndefined()
    bound.internal = 'ours'
    expect(sent(type, bound)).toEqual({ shown: 'a' })
  })

  test('a transformation that throws is a fault of the data', () => {
    class Fragile {
      @Transform(({ value }) => value.trim(), { toClassOnly: true }) @IsString() text!: string
    }
    expect(bind(Fragile, { text: ' a ' }).text).toBe('a')
    expect(fault(() => bind(Fragile, { text: 7 })).code).toBe('INVALID_REQUEST')
  })

  test('a class may keep private state beside what it exposes', () => {
    class Reading {
      @IsInt() kelvin!: number
      readonly #zero = 273
      @Expose() get celsius(): number {
        return this.kelvin - this.#zero
      }
    }
    const reading = Object.assign(new Reading(), { kelvin: 300 })
    expect(sent(Reading, reading)).toEqual({ kelvin: 300, celsius: 27 })
  })

  test('a discriminator says of which class a nested object is, and no object is touched', () => {
    class Shape {
      @IsInt() size!: number
    }
    class Circle extends Shape {}
    class Square extends Shape {
      @IsOptional() @IsString() colour?: string
    }
    const subTypes = [
      { name: 'circle', value: Circle },
      { name: 'square', value: Square },
    ]
    const discriminator = { property: 'kind', subTypes }
    class Drawing {
      @ValidateNested() @Type(() => Shape, { discriminator }) one!: Shape
      @ValidateNested({ each: true }) @Type(() => Shape, { discriminator }) all!: Shape[]
    }
    const data = { one: { kind: 'circle', size: 1 }, all: [{ kind: 'square', size: 2, colour: 'red' }] }
    for (const unknown of ['refuse', 'drop'] as const) {
      const { instance, plain } = dto(Drawing, unknown)
      for (const _ of ['once', 'again']) {
        const bound = instance(data, 'INVALID_REQUEST')
        expect([bound.one, bound.all[0]]).toEqual([expect.any(Circle), expect.any(Square)])
        expect([plain(bound), plain(instance(bound, 'INVALID_REQUEST'))]).toEqual([data, data])
      }
    }
  })

  test('properties that are not set are not made up', () => {
    expect(Object.keys(bind(Outer, { inner: { name: 'a' }, list: [] }).inner)).toEqual(['name'])
  })

  test('a default of the class holds where the data says nothing', () => {
    expect(bind(Outer, { inner: { name: 'a' } }).list).toEqual([])
  })
})

describe('a class that cannot be used', () => {
  const config = (mention: string) =>
    expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(mention) })

  test('has nothing decorated', () => {
    class Bare {
      text!: string
    }
    class Typed {
      @Type(() => Inner) inner!: Inner
    }
    for (const type of [Bare, Typed] as DtoClass[]) {
      expect(() => dto(type)).toThrow(config(type.name))
      expect(() => dto(type)).toThrow(/decorate its properties.*npm ls class-validator/)
    }
  })

  @ValidatorConstraint({ async: true })
  class Later implements ValidatorConstraintInterface {
    validate() {
      return Promise.resolve(false)
    }
  }

  const AsyncCheck = () => (prototype: object, propertyName: string) =>
    registerDecorator({ target: prototype.constructor, propertyName, async: true, validator: Later })

  test.each([
    ['@Validate', () => Validate(Later)],
    ['registerDecorator', AsyncCheck],
  ])('has an asynchronous check, by %s', (_, decorator) => {
    class Slow {
      @IsInt() n!: number
      @decorator() text!: string
    }
    expect(() => dto(Slow)).toThrow(config('Slow.text'))
  })

  test('has one in an ancestor', () => {
    class Slow {
      @AsyncCheck() text!: string
    }
    class Derived extends Slow {
      @IsInt() n!: number
    }
    expect(() => dto(Derived)).toThrow(config('text'))
  })

  test('has one in a nested class, which would silently not run', () => {
    class Slow {
      @AsyncCheck() text!: string
    }
    class Around {
      @ValidateNested() @Type(() => Slow) slow!: Slow
    }
    expect(() => dto(Around)).toThrow(config('text'))
  })

  test('has an async check that does not say so: class-validator would take its promise for a yes', () => {
    @ValidatorConstraint()
    class Unsaid implements ValidatorConstraintInterface {
      async validate() {
        return false
      }
    }
    class Sly {
      @Validate(Unsaid) text!: string
    }
    expect(() => dto(Sly)).toThrow(config('Sly.text'))
  })

  test('has one that only its promise gives away: nothing passes, and nothing is left unhandled', () => {
    class Slyer {
      @ValidateBy({ name: 'later', validator: { validate: () => Promise.reject(new Error('no')) } })
      text!: string
    }
    expect(fault(() => bind(Slyer, { text: 'x' })).message).toContain('promise')
  })
})

describe('the text of a fault', () => {
  test('names what it is about', () =>
    expect(fault(() => bind(Plain, { n: 11 })).message).toMatch(/^request of synapse 'test': n /))

  test('names eight faults, and that there are more', () => {
    const list = Array.from({ length: 100 }, () => ({ name: 1 }))
    const { message } = fault(() => bind(Outer, { inner: { name: 'a' }, list }))
    expect(message.match(/must be a string/g)).toHaveLength(8)
    expect(message).toMatch(/; and more$/)
  })

  test.each<[string, DtoClass, object]>([
    ['a plain class', Plain, { n: 1 }],
    ['a transformed class', Outer, { inner: { name: 'a' }, list: [] }],
  ])('stays short for a property name of 1 MiB: %s', (_, type, good) => {
    const { message } = fault(() => bind(type, { ...good, ['x'.repeat(MIB)]: 1 }))
    expect(message.length).toBeLessThan(2000)
  })

  test('stays short for thousands of properties', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`p${i}`, i]))
    for (const type of [Plain, Outer] as DtoClass[])
      expect(fault(() => bind(type, many)).message.length).toBeLessThan(2000)
  })

  test('does not hold the values', () => {
    class Secret {
      @MaxLength(3) password!: string
    }
    expect(fault(() => bind(Secret, { password: 'hunter2' })).message).not.toContain('hunter2')
  })
})

describe('a Date', () => {
  class Entry {
    @IsString() what!: string
    @IsDate() @Type(() => Date) when!: Date
  }
  class Journal {
    @IsDate() @Type(() => Date) begun!: Date
    @ValidateNested({ each: true }) @Type(() => Entry) entries!: Entry[]
  }
  const dto = describeDto(Journal, 'journal', { unknownProperties: 'refuse' })
  const text = '2026-11-26T22:07:05.123Z'
  const plain = { begun: text, entries: [{ what: 'a', when: text }] }

  test('travels as ISO text, as in JSON', () => {
    const when = new Date(text)
    const journal = dto.instance({ begun: when, entries: [{ what: 'a', when }] }, 'INVALID_REQUEST')
    expect(dto.plain(journal)).toEqual(plain)
    expect(dto.plain(journal)).toEqual(JSON.parse(JSON.stringify(journal)))
  })

  test('is one again when it arrives', () => {
    const journal = dto.instance(plain, 'INVALID_REQUEST')
    expect(journal.begun).toEqual(new Date(text))
    expect(journal.entries[0]!.when).toBeInstanceOf(Date)
  })

  test.each([
    ['a word', 'never'],
    ['an empty text', ''],
    ['null', null],
    ['an object', {}],
    ['a list', []],
    ['a Map', new Map()],
    ['true', true],
    ['a number', 5],
    ['a large number', 2n ** 70n],
  ])('%s is none', (_, begun) => {
    const bad = () => dto.instance({ ...plain, begun }, 'INVALID_REQUEST')
    expect(bad).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
  })
})
