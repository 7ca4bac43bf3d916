/** What a class of requests or answers takes, as JSON Schema (2020-12), from the decorators on its properties. */
import type { DtoClass } from './definition.js'
import { isNested, isOptional, rulesOf, typedIn } from './metadata.js'

export type JsonSchema = Readonly<Record<string, unknown>>

type Check = (constraints: readonly unknown[]) => JsonSchema

const is =
  (schema: JsonSchema): Check =>
  () =>
    schema
const limit =
  (...keys: readonly string[]): Check =>
  (constraints) =>
    Object.fromEntries(
      keys.map((key, i) => [key, constraints[i]]).filter(([, value]) => typeof value === 'number'),
    )

/** By class-validator's names. One that is not here says nothing that JSON Schema has a word for. */
const CHECKS: Readonly<Record<string, Check>> = {
  isString: is({ type: 'string' }),
  isInt: is({ type: 'integer' }),
  isNumber: is({ type: 'number' }),
  isBoolean: is({ type: 'boolean' }),
  isObject: is({ type: 'object' }),
  isArray: is({ type: 'array' }),
  isDate: is({ type: 'string', format: 'date-time' }),
  isDateString: is({ type: 'string', format: 'date-time' }),
  isIso8601: is({ type: 'string', format: 'date-time' }),
  isEmail: is({ type: 'string', format: 'email' }),
  isUrl: is({ type: 'string', format: 'uri' }),
  isUuid: is({ type: 'string', format: 'uuid' }),
  isNotEmpty: is({ minLength: 1 }),
  isPositive: is({ exclusiveMinimum: 0 }),
  isNegative: is({ exclusiveMaximum: 0 }),
  min: limit('minimum'),
  max: limit('maximum'),
  isLength: limit('minLength', 'maxLength'),
  minLength: limit('minLength'),
  maxLength: limit('maxLength'),
  arrayMinSize: limit('minItems'),
  arrayMaxSize: limit('maxItems'),
  arrayNotEmpty: is({ minItems: 1 }),
  arrayUnique: is({ uniqueItems: true }),
  matches: ([pattern]) => (pattern instanceof RegExp ? { pattern: pattern.source } : {}),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([, values]) => ({ enum: values }),
  equals: ([value]) => ({ const: value }),
  isBytes: ([least, most]) => ({
    description: `bytes, ${least} to ${most === Number.MAX_SAFE_INTEGER ? 'any number' : most}`,
  }),
}

/** What a list is, not what is in it. */
const OF_LISTS = /^(array|isArray)/

/** @param outer classes around this one: one that holds itself is written once */
export function jsonSchemaOf(type: DtoClass, outer: readonly DtoClass[] = []): JsonSchema {
  if (outer.includes(type)) return { description: `${type.name}, as above` }
  const rules = rulesOf(type)
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  for (const name of new Set(rules.map(({ propertyName }) => propertyName))) {
    const own = rules.filter(({ propertyName }) => propertyName === name)
    let whole: JsonSchema = {}
    let each: JsonSchema | undefined
    for (const rule of own) {
      const { name: check = '', constraints = [], each: isEach } = rule
      const found = isNested(rule) ? nested(type, name, outer) : (CHECKS[check]?.(constraints) ?? {})
      if (isEach && !OF_LISTS.test(check)) each = { ...each, ...found }
      else whole = { ...whole, ...found }
    }
    properties[name] = each === undefined ? whole : { type: 'array', ...whole, items: each }
    if (!isOptional(type, name)) required.push(name)
  }
  return { title: type.name, type: 'object', properties, required, additionalProperties: false }
}

function nested(type: DtoClass, name: string, outer: readonly DtoClass[]): JsonSchema {
  const typed = typedIn(type).find(({ propertyName }) => propertyName === name)
  const inner = typed?.typeFunction?.({ newObject: {}, object: {}, property: name })
  return typeof inner === 'function' ? jsonSchemaOf(inner as DtoClass, [...outer, type]) : { type: 'object' }
}
