/** Classes as authors write them, and data for them that is mostly what they declare: for tests of what binds it. */

import { inspect } from 'node:util'
import { Exclude, Expose, Transform, Type } from 'class-transformer'
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDate,
  IsDefined,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator'
import fc from 'fast-check'
import type { DtoClass } from '../../src/contract/definition.js'
import { rulesOf } from '../../src/contract/metadata.js'
import { IsBytes } from '../../src/decorators/is-bytes.js'

enum Colour {
  red = 'red',
  blue = 'blue',
}

enum Level {
  low,
  high,
}

type Decorate = (options?: ValidationOptions) => PropertyDecorator

/** Checks of one value, or of each of a list, with values that pass. */
const CHECKS: readonly (readonly [Decorate, ...unknown[]])[] = [
  [IsString, 'a', 'abc'],
  [IsInt, 1, 9],
  [IsBoolean, true],
  [(options) => IsNumber({}, options), 1.25, 3],
  [(options) => IsNumber({ allowNaN: true, maxDecimalPlaces: 1 }, options), Number.NaN, 1.5],
  [(options) => Min(2, options), 2, 9],
  [(options) => Max(3, options), 3, -1],
  [(options) => Length(1, 4, options), 'a', '\u{1f600}'.repeat(4)],
  [(options) => Length(2, undefined, options), 'abc'],
  [(options) => MinLength(2, options), '\ufe0fab'],
  [(options) => MaxLength(3, options), '', '\u{1f600}\ufe0f'],
  [(options) => IsIn([1, 'a', null, Number.NaN], options), 1, 'a'],
  [(options) => IsEnum(Colour, options), 'red'],
  [(options) => IsEnum(Level, options), 0, 1],
  [IsDate],
  [IsObject],
  [IsDefined, 1, 'a'],
  [(options) => IsBytes({ max: 3 }, options)],
  [(options) => Matches(/^a/, options), 'abc'],
  [(options) => IsEmail({}, options), 'x@example.com'],
  [
    (options) =>
      ValidateBy(
        {
          name: 'sees',
          validator: {
            validate: (_, details) => details?.targetName === 'Made' && details.property !== 'b',
          },
        },
        options,
      ),
    1,
  ],
  [
    (options) =>
      ValidateBy({ name: 'truthy', validator: { validate: (value) => value as boolean } }, options),
    'a',
    1,
  ],
  // an author's own under the library's name, and stricter
  [
    (options) =>
      ValidateBy({ name: 'isString', validator: { validate: (value) => value === 'abc' } }, options),
    'abc',
  ],
]

const LISTS: readonly Decorate[] = [
  IsArray,
  (options) => ArrayMaxSize(2, options),
  (options) => ArrayMinSize(1, options),
  () => ArrayUnique(),
]

const MESSAGES: readonly ValidationOptions[] = [
  {},
  { message: '$property of $target: $constraint1, $constraint2; not $value' },
  { message: ({ property, value, constraints }) => `${property} ${typeof value} ${constraints?.length}` },
  { validateIf: (_, value) => value !== 'a' },
  { groups: ['some'] },
]

const CONDITIONS: readonly PropertyDecorator[] = [
  IsOptional(),
  IsOptional(),
  ValidateIf((object: { a?: unknown }) => object.a !== 1),
]

/** What class-transformer alone does. */
const RESHAPES: readonly PropertyDecorator[] = [
  Expose({ name: 'renamed' }),
  Expose(),
  Exclude(),
  Transform(({ value }) => (typeof value === 'number' ? value + 1 : value)),
  Transform(({ value, obj, key }) => (key in obj ? value : 'made up'), { toClassOnly: true }),
]

const SCALARS = [String, Number, Boolean, Date] as const

/** One property: its decorators, in the order in which they run, and what it mostly holds. */
interface PropertySpec {
  readonly decorators: readonly PropertyDecorator[]
  readonly values: fc.Arbitrary<unknown>
  /** By `@Type`, so that it cannot hold just anything. */
  readonly isTyped?: true
}

/** A class, the data that it is given, and what of class-transformer it uses. */
export interface GeneratedClass {
  readonly type: DtoClass
  readonly data: fc.Arbitrary<object>
  /** Some property is renamed, hidden or computed. */
  readonly isReshaped: boolean
  /** Some property is `renamed` where it comes from. */
  readonly isRenamed: boolean
  /** For messages about it. */
  readonly text: string
}

const scalar = fc.constantFrom<unknown>(
  ...[null, true, false, 0, 1, 2, 3, 9, 1.5, 1.25, -1, Number.NaN, Number.POSITIVE_INFINITY, 2n ** 63n],
  ...[
    '',
    'a',
    'abc',
    'abcde',
    'red',
    'x@example.com',
    '\u{1f600}\ufe0f',
    '\u{1f600}'.repeat(4),
    'a\ufe0f\ufe0f',
  ],
  ...['\ufe0fab', '2026-11-27T00:00:00.000Z'],
)
const leaf = fc.oneof(
  { weight: 6, arbitrary: scalar },
  fc
    .constantFrom(...[() => ({}), () => ({ n: 1 }), () => Buffer.from('ab'), () => Buffer.from('abcd')])
    .map((make): unknown => make()),
)
const list = fc.array(leaf, { maxLength: 4 })
const any = fc.oneof({ weight: 2, arbitrary: leaf }, list)

const some = <T>(all: readonly T[], maxLength: number) =>
  fc.uniqueArray(fc.nat(all.length - 1), { maxLength }).map((picks) => picks.map((pick) => all[pick]!))

const checks = fc
  .record({
    each: fc.boolean(),
    ofValue: some(CHECKS, 2),
    ofList: some(LISTS, 3),
    options: fc.constantFrom(...MESSAGES),
    condition: fc.option(fc.constantFrom(...CONDITIONS), { nil: undefined, freq: 3 }),
  })
  .map(({ each, ofValue, ofList, options, condition }): PropertySpec => {
    const [, ...passing] = ofValue[0] ?? []
    const good = passing.length === 0 ? leaf : fc.constantFrom(...passing)
    return {
      decorators: [
        Allow(),
        ...(condition === undefined ? [] : [condition]),
        ...(each ? ofList.map((decorate) => decorate(options)) : []),
        ...ofValue.map(([decorate]) => decorate({ ...options, each })),
      ],
      values: each
        ? fc.oneof({ weight: 6, arbitrary: fc.uniqueArray(good, { minLength: 1, maxLength: 2 }) }, list, leaf)
        : fc.oneof({ weight: 8, arbitrary: good }, any),
    }
  })

const dates = fc.oneof(fc.string(), fc.constant('2026-11-27T00:00:00.000Z'), fc.constant(null))

const scalarTyped = fc.constantFrom(...SCALARS).chain((type) =>
  checks.map(
    ({ decorators }): PropertySpec => ({
      isTyped: true,
      decorators: [...decorators, Type(() => type)],
      // binary, and what is no text where a date is wanted, is kept from class-transformer
      values:
        type === Date
          ? dates
          : fc.oneof({ weight: 2, arbitrary: scalar }, fc.array(scalar, { maxLength: 4 })),
    }),
  ),
)

const nested = (inner: GeneratedClass): fc.Arbitrary<PropertySpec> =>
  fc
    .record({ each: fc.boolean(), ofList: some(LISTS, 3), optional: fc.boolean(), message: fc.boolean() })
    .map(({ each, ofList, optional, message }) => ({
      isTyped: true,
      decorators: [
        ...(optional ? [IsOptional()] : []),
        ...(each ? ofList.map((decorate) => decorate()) : []),
        ValidateNested({ each, ...(message ? { message: '$target.$property is not nested' } : {}) }),
        Type(() => inner.type),
      ],
      values: fc.oneof(
        {
          weight: 8,
          arbitrary: each
            ? fc.array(fc.oneof({ weight: 9, arbitrary: inner.data }, scalar), { maxLength: 5 })
            : inner.data,
        },
        scalar,
      ),
    }))

const NAMES = ['a', 'b', 'c', 'd', '1']

function classOf(
  specs: readonly PropertySpec[],
  wanted: readonly (PropertyDecorator | undefined)[],
  parent: GeneratedClass | undefined,
  hasInitial: boolean,
): GeneratedClass {
  // One property alone has the other name: it would be given what is made for the others.
  let isRenamed = parent?.isRenamed === true
  const reshapes = wanted.map((reshape) => {
    if (reshape !== RESHAPES[0]) return reshape
    if (isRenamed) return undefined
    isRenamed = true
    return reshape
  })
  const Base = (parent?.type ?? Object) as new () => object
  class Made extends Base {
    constructor() {
      super()
      if (hasInitial && specs[0]?.isTyped !== true) Object.assign(this, { a: 1 })
    }
  }
  const wire: Record<string, fc.Arbitrary<unknown>> = {}
  specs.forEach(({ decorators, values }, i) => {
    const name = NAMES[i]!
    for (const decorate of decorators) decorate(Made.prototype, name)
    reshapes[i]?.(Made.prototype, name)
    wire[reshapes[i] === RESHAPES[0] ? 'renamed' : name] = values
  })
  const isReshaped = parent?.isReshaped === true || reshapes.some((reshape) => reshape !== undefined)
  const own = fc.record(wire, { requiredKeys: [] })
  const more = isReshaped ? fc.constant({}) : fc.record({ more: scalar, other: scalar }, { requiredKeys: [] })
  const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, more)
  const data = fc
    .tuple(parent?.data ?? fc.constant({}), own, rarely)
    .map((parts) => Object.assign({}, ...parts) as object)
  const decorated = rulesOf(Made).map(
    ({ propertyName, type, name, each, constraints }) =>
      `${propertyName}: ${name ?? type}${each ? ' each' : ''}(${inspect(constraints ?? [], { depth: 1 })})`,
  )
  const text = `${decorated.join(' ')}${parent === undefined ? '' : ', inherits'}${isReshaped ? ', reshaped' : ''}`
  return { type: Made, data, isReshaped, isRenamed, text }
}

const flat = fc.array(fc.oneof({ weight: 4, arbitrary: checks }, scalarTyped), { minLength: 1, maxLength: 4 })
const reshapes = fc.oneof(
  { weight: 3, arbitrary: fc.constant<(PropertyDecorator | undefined)[]>([]) },
  fc.array(fc.option(fc.constantFrom(...RESHAPES), { nil: undefined, freq: 2 }), { maxLength: 2 }),
)

function classesWith(depth: number): fc.Arbitrary<GeneratedClass> {
  const properties: fc.Arbitrary<PropertySpec[]> =
    depth === 0
      ? flat
      : fc
          .tuple(flat, classesWith(depth - 1).chain(nested))
          .map(([simple, one]) => [...simple.slice(0, 3), one])
  const alone = fc
    .tuple(properties, reshapes, fc.boolean())
    .map(([specs, shapes, hasInitial]) => classOf(specs, shapes, undefined, hasInitial))
  if (depth > 0) return alone
  const checked = fc.array(checks, { minLength: 1, maxLength: 3 })
  const heirs = fc
    .tuple(checked, checked, reshapes)
    .map(([specs, ofParent, shapes]) =>
      classOf(specs, [], classOf(ofParent, shapes, undefined, false), false),
    )
  return fc.oneof({ weight: 3, arbitrary: alone }, heirs)
}

export const generatedClasses: fc.Arbitrary<GeneratedClass> = fc.oneof(
  classesWith(0),
  classesWith(1),
  classesWith(2),
)
