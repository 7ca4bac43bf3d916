/** The quick way says what class-validator says, for any class and any value. */
import {
  ArrayMaxSize,
  getMetadataStorage,
  IsArray,
  IsBoolean,
  IsDate,
  IsDefined,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  validateSync,
} from 'class-validator'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isValid } from '../../src/contract/validity.js'
import { IsBytes } from '../../src/decorators/is-bytes.js'

const metadatasOf = (type: object) =>
  getMetadataStorage().getTargetValidationMetadatas(type as () => void, '', false, false)

class Inner {
  @IsInt() @Max(5) n!: number
  @IsOptional() @IsString() text?: string
}

const inner = (fields: object) => Object.assign(new Inner(), fields)

enum Colour {
  red = 'red',
  blue = 'blue',
}

/** As any author writes them: with and without `each`, and those that look at the whole object. */
const DECORATORS: readonly (() => PropertyDecorator)[] = [
  () => IsString(),
  () => IsString({ each: true }),
  () => IsInt(),
  () => IsNumber({}, { each: true }),
  () => IsNumber({ allowNaN: true }),
  () => IsBoolean(),
  () => IsDate(),
  () => IsDefined(),
  () => IsOptional(),
  () => Min(2),
  () => Max(3, { each: true }),
  () => Length(1, 4),
  () => Matches(/^a/),
  () => IsIn([1, 'a', null]),
  () => IsEnum(Colour),
  () => IsArray(),
  () => ArrayMaxSize(2),
  () => IsBytes({ max: 3 }),
  () => ValidateNested(),
  () => ValidateNested({ each: true }),
  () => ValidateIf((object: { b?: unknown }) => object.b !== 1),
  () => IsInt({ validateIf: (_, value) => value !== 'a' }),
  () =>
    ValidateBy({
      name: 'sees',
      validator: {
        validate: (_, details) =>
          details?.targetName === 'Made' && Object.hasOwn(details.object, details.property),
      },
    }),
  () => ValidateBy({ name: 'truthy', validator: { validate: (value) => value as boolean } }),
]

/** Where in the list those are that call class-validator for what is no fault. */
const NOT_ALWAYS_QUICK = [18, 19, 23]

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    false,
    Number.NaN,
    1,
    2,
    3,
    1.5,
    1n,
    '',
    'a',
    'abcde',
    'red',
  ),
  fc.constant(new Date(0)),
  fc.uint8Array({ maxLength: 5 }),
  fc.record({ n: fc.constantFrom<unknown>(1, 9, 'x'), text: fc.constantFrom<unknown>('x', 1) }).map(inner),
  fc.constantFrom<object>(
    { n: 1 },
    Object.create(null),
    { constructor: Inner, n: 1 },
    inner({ n: 1, more: 1 }),
  ),
)
const value = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }),
  fc.array(leaf, { maxLength: 3 }).map((all) => new Set(all)),
  fc.array(fc.tuple(fc.string(), leaf), { maxLength: 3 }).map((all) => new Map(all)),
  fc.constant([[inner({ n: 1 })]]),
)
const values = fc.array(fc.tuple(value, value, fc.nat(7)), { minLength: 40, maxLength: 40 })
const decorators = fc.array(fc.constantFrom(...DECORATORS), { minLength: 1, maxLength: 2 })

describe('with class-validator beside it', () => {
  // Few classes and many values of each: class-validator goes through all classes that there are.
  test.each([true, false])('300 classes with 40 values each; unknown properties are faults: %s', (only) => {
    let valid = 0
    fc.assert(
      fc.property(fc.tuple(decorators, decorators), values, ([ofA, ofB], pairs) => {
        class Made {}
        for (const decorate of ofA) decorate()(Made.prototype, 'a')
        for (const decorate of ofB) decorate()(Made.prototype, 'b')
        // Lists within lists, and truths that are no `true`, are left to class-validator.
        const isPlain = ![...ofA, ...ofB].some((one) => NOT_ALWAYS_QUICK.includes(DECORATORS.indexOf(one)))
        for (const [a, b, more] of pairs) {
          const made = Object.assign(new Made(), { a, b }, more === 0 && { more })
          const faults = validateSync(made, only ? { whitelist: true, forbidNonWhitelisted: true } : {})
          const quick = isValid(made, metadatasOf, only)
          if (quick) expect(faults).toEqual([])
          else if (isPlain) expect(faults).not.toEqual([])
          if (quick) valid++
        }
      }),
      { numRuns: 300 },
    )
    expect(valid).toBeGreaterThan(100)
  })
})

test('a promise is not taken for an answer, and its failure is nobody’s', async () => {
  class Waits {
    @ValidateBy({ name: 'later', validator: { validate: () => Promise.reject(new Error('no')) as never } })
    a = 1
  }
  expect(isValid(new Waits(), metadatasOf, true)).toBe(false)
  await new Promise(setImmediate)
})
