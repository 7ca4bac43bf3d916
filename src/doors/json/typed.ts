/** JSON has no bytes and no bigints: which of a class's properties are some stands in its decorators and types. */
import { Buffer } from 'node:buffer'
import type { DtoClass } from '../../contract/definition.js'
import { declaredType, rulesOf, sentNamesOf, typedIn } from '../../contract/metadata.js'
import { LevinError } from '../../errors.js'
import { has64Bits, type SynapseData, type Value } from '../../wire/value.js'

type Data = { [key: string]: Value }

/**
 * How many values of one message are looked at, of those that may have to become something else. Each costs up to 150 ns, so
 * that these are at most 15 ms for which everybody else waits.
 */
export const MOST_TYPED = 100_000

/**
 * Makes of data as JSON has it what MessagePack would have brought, as the class declares it:
 *
 * | declared                                | JSON                              | becomes                            |
 * | --------------------------------------- | --------------------------------- | ---------------------------------- |
 * | `@IsBytes()`, also of each in a list    | text in base64 (RFC 4648, padded) | `Buffer`                           |
 * | a property whose type is `bigint`       | text of an integer of 64 bits     | `number` when it is safe, `bigint` |
 * | a class, by `@Type(() => Class)`        | an object, or a list of them      | the same within                    |
 *
 * All else stays as it is, and so does what is not in the form that is wanted: the class's own checks say what is wrong with
 * it. Dates are text in MessagePack too. Worked out once for a class; the data is changed in place.
 *
 * @throws LevinError `PROTOCOL` for data in which more than {@link MOST_TYPED} values may be such
 */
export function jsonReader(type: DtoClass | undefined): (data: SynapseData) => SynapseData {
  const shape = type === undefined ? undefined : Shape.of(type, new Map())
  if (shape === undefined) return (data) => data
  return (data) => {
    shape.convert(data, { left: MOST_TYPED })
    return data
  }
}

interface Budget {
  left: number
}

type Convert = (value: Value, budget: Budget) => Value

/** What there is to do with the properties of one class. */
class Shape {
  readonly #fields: { readonly name: string; readonly convert: Convert }[] = []

  /** Undefined for a class of which everything stays as it is. */
  static of(type: DtoClass, known: Map<DtoClass, Shape>): Shape | undefined {
    const outer = known.get(type)
    if (outer !== undefined) return outer // it holds itself: what of it has to change is not known yet
    const shape = new Shape()
    known.set(type, shape)
    const nested = new Map(typedIn(type).map((typed) => [typed.propertyName, nestedConvert(typed, known)]))
    const rules = rulesOf(type)
    for (const [name, property] of sentNamesOf(type)) {
      const own = rules.filter(({ propertyName }) => propertyName === property)
      const convert = own.some((rule) => rule.name === 'isBytes')
        ? bytesOf
        : declaredType(type, property) === BigInt
          ? integerOf
          : nested.get(property)
      if (convert !== undefined) shape.#fields.push({ name, convert })
    }
    if (shape.#fields.length > 0) return shape
    known.delete(type)
    return undefined
  }

  convert(data: Data, budget: Budget): void {
    for (const { name, convert } of this.#fields) {
      if (!Object.hasOwn(data, name)) continue
      data[name] = each(data[name]!, convert, budget)
    }
  }
}

function each(value: Value, convert: Convert, budget: Budget): Value {
  if (--budget.left < 0) {
    throw new LevinError(
      'PROTOCOL',
      `JSON: more than ${MOST_TYPED} values that may be bytes or nested objects`,
    )
  }
  if (!Array.isArray(value)) return convert(value, budget)
  for (let i = 0; i < value.length; i++) value[i] = each(value[i]!, convert, budget)
  return value
}

type Typed = ReturnType<typeof typedIn>[number]

function nestedConvert(
  { propertyName, typeFunction, options }: Typed,
  known: Map<DtoClass, Shape>,
): Convert | undefined {
  const shapeOf = (type: unknown): Shape | undefined =>
    typeof type === 'function' ? Shape.of(type as DtoClass, known) : undefined
  const declared = shapeOf(typeFunction?.({ newObject: {}, object: {}, property: propertyName }))
  const { property = '', subTypes = [] } = options.discriminator ?? {}
  const variants = new Map(subTypes.map(({ name, value }) => [name, shapeOf(value)]))
  if (declared === undefined && ![...variants.values()].some(Boolean)) return undefined
  return (value, budget) => {
    if (!isData(value)) return value
    const name = variants.size > 0 && Object.hasOwn(value, property) ? value[property] : undefined
    const shape = typeof name === 'string' && variants.has(name) ? variants.get(name) : declared
    shape?.convert(value, budget)
    return value
  }
}

function bytesOf(value: Value): Value {
  if (typeof value !== 'string') return value
  const bytes = Buffer.from(value, 'base64')
  return bytes.toString('base64') === value ? bytes : value // Node's decoder skips what it does not know
}

/** 64 bits are at most 20 characters. */
const INTEGER = /^(?:0|-?[1-9]\d{0,19})$/

function integerOf(value: Value): Value {
  if (typeof value !== 'string' || !INTEGER.test(value)) return value
  const integer = BigInt(value)
  if (!has64Bits(integer)) return value
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer
}

const isData = (value: Value): value is Data =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
