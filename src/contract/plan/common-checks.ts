/**
 * class-validator's common checks as functions of the value alone: in a list of a million, its own cost a call through
 * three functions each. What they say is what class-validator's say: `test/contract/differential.slow.test.ts`.
 */
import {
  IsBoolean,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  MinLength,
  type ValidatorConstraintInterface,
} from 'class-validator'
import { type Constraint, constraintsOf, type Rule, rulesOf } from '../metadata.js'
import { isAtLeast, isAtMost } from './text-length.js'

export type Predicate = (value: unknown) => boolean

/** By the name of the check; undefined for constraints with which class-validator's own is asked. */
const COMMON: Readonly<Record<string, (constraints: readonly unknown[]) => Predicate | undefined>> = {
  isString: () => (value) => typeof value === 'string' || value instanceof String,
  isInt: () => Number.isInteger,
  isBoolean: () => (value) => typeof value === 'boolean' || value instanceof Boolean,
  isNumber: ([options]) => (Object.keys(options ?? {}).length === 0 ? Number.isFinite : undefined),
  min: ([least]) =>
    typeof least === 'number' ? (value) => typeof value === 'number' && value >= least : undefined,
  max: ([most]) =>
    typeof most === 'number' ? (value) => typeof value === 'number' && value <= most : undefined,
  minLength: ([least]) =>
    isCount(least) ? (value) => typeof value === 'string' && isAtLeast(value, least) : undefined,
  maxLength: ([most]) =>
    isCount(most) ? (value) => typeof value === 'string' && isAtMost(value, most) : undefined,
  isLength: ([least, most]) => {
    if (!isCount(least) || !(most === undefined || isCount(most))) return undefined
    const isShort = (value: string): boolean => most === undefined || isAtMost(value, most)
    return (value) => typeof value === 'string' && isShort(value) && isAtLeast(value, least)
  },
  isIn: ([possible]) => {
    if (!Array.isArray(possible)) return undefined
    const values = new Set(possible)
    return (value) => values.has(value) && !Number.isNaN(value)
  },
  isEnum: ([entity]) => {
    const values = new Set(Object.values(entity as object))
    return (value) => values.has(value)
  },
}

const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0

/** Checks that look at a value's type or size and at nothing within it. */
const LIGHT = new Set([
  ...Object.keys(COMMON),
  ...['isDefined', 'isArray', 'arrayMinSize', 'arrayMaxSize', 'isDate', 'isObject', 'isBytes'],
])

export const isLight = (name: string | undefined): boolean => name !== undefined && LIGHT.has(name)

/** Checks that fail for what is larger than the class allows. */
const SIZES = new Set(['arrayMaxSize', 'maxLength', 'isLength', 'isBytes'])

export const isSize = (name: string | undefined): boolean => name !== undefined && SIZES.has(name)

/** Undefined for a check that is not common, or is an author's own of the same name. */
export function commonCheck(rule: Rule, constraint: Constraint): Predicate | undefined {
  const { name, instance } = constraint
  if (name === undefined || !isLibrarys(rule, name, instance)) return undefined
  return COMMON[name]?.(rule.constraints ?? [])
}

/** One of each, to know them by their words. */
class Sample {
  @IsString() isString = ''
  @IsInt() isInt = 0
  @IsBoolean() isBoolean = false
  @IsNumber() isNumber = 0
  @Min(0) min = 0
  @Max(0) max = 0
  @MinLength(0) minLength = ''
  @MaxLength(0) maxLength = ''
  @Length(0) isLength = ''
  @IsIn([]) isIn = 0
  @IsEnum({}) isEnum = 0
}

let samples: ReadonlyMap<string | undefined, ValidatorConstraintInterface> | undefined

/** A name is not enough: an author may have a stricter check of the same one. */
function isLibrarys(rule: Rule, name: string, instance: ValidatorConstraintInterface): boolean {
  if (!Object.hasOwn(COMMON, name)) return false
  samples ??= new Map(
    rulesOf(Sample)
      .flatMap(constraintsOf)
      .map((one) => [one.name, one.instance]),
  )
  const details = {
    value: '',
    constraints: rule.constraints ?? [],
    targetName: '',
    object: {},
    property: rule.propertyName,
  }
  const words = (of: ValidatorConstraintInterface | undefined): string | undefined =>
    of?.defaultMessage?.(details).replace(/^each value in /, '')
  return words(instance) === words(samples.get(name))
}
