import type { DtoClass } from '../definition.js'
import { type Shapes, ToPlain } from '../transformer.js'
import { mapped } from './collection.js'
import { type Kind, kindOf, type Making, makingOf } from './making.js'
import { isScalar, type Scalar, Scalars } from './scalars.js'
import { isPlain, isWhole } from './whole.js'

/** What of instances goes on the wire. What no class describes is gone through too: there may be instances within. */
export class Plainer {
  readonly #shapes: Shapes
  readonly #transformer: ToPlain
  readonly #asItIs = (value: unknown): unknown => this.#given(value, 'asItIs')

  constructor(shapes: Shapes) {
    this.#shapes = shapes
    this.#transformer = new ToPlain(shapes, this)
  }

  /** @param type as `@Type` declares it */
  value(value: unknown, type?: unknown): unknown {
    const kind = kindOf(type)
    if (kind !== undefined) return this.#given(value, kind)
    const isObject =
      typeof value === 'object' && value !== null && !isWhole(value) && !(value instanceof Date)
    return isObject ? this.#transformer.object(value, type) : this.#given(value, 'asItIs')
  }

  #given(value: unknown, kind: Kind): unknown {
    const scalar = isGivenAs(kind) ? Scalars[kind] : undefined
    if (typeof value !== 'object' || value === null) return scalar?.(value) ?? value
    if (kind === 'asItIs' && isPlain(value)) return this.#entries(value)
    if (isWhole(value)) return value
    if (value instanceof Date) return value.toJSON() // text, or null
    if (Array.isArray(value)) return this.#list(value, kind)
    if (value instanceof Set) return this.#list([...value], kind)
    if (scalar !== undefined) return scalar(value)
    return typeof kind === 'function' ? this.#instance(value, kind) : this.#undescribed(value)
  }

  #instance(value: object, type: DtoClass): unknown {
    const making = makingOf(type)
    return making === undefined ? this.#transformer.object(value, type) : this.#plain(making, value)
  }

  /** Not by class-transformer: it takes a key `constructor` for the class, and makes objects of Maps. */
  #undescribed(value: object): unknown {
    if (value instanceof Map)
      return new Map([...value].map(([key, inner]) => [key, this.#given(inner, 'asItIs')]))
    return isPlain(value) ? this.#entries(value) : this.#instance(value, value.constructor as DtoClass)
  }

  #entries(value: Readonly<Record<string, unknown>>): object {
    let changed: Map<string, unknown> | undefined
    for (const key of Object.keys(value)) {
      const inner = value[key]
      const given = this.#given(inner, 'asItIs')
      if (given === inner) continue
      changed ??= new Map(Object.entries(value))
      changed.set(key, given)
    }
    return changed === undefined ? value : Object.fromEntries(changed)
  }

  #list(values: readonly unknown[], kind: Kind): readonly unknown[] {
    if (kind === 'asItIs') return mapped(values, isNoObject, this.#asItIs)
    return mapped(values, isGivenAs(kind) ? isScalar[kind] : isNoObject, (value) => this.#given(value, kind))
  }

  #plain({ names, kinds }: Making, instance: object): object {
    const plain: Record<string, unknown> = {}
    for (const key of Object.keys(instance)) {
      if (!names.has(key) && !this.#shapes.discriminators.has(key)) continue
      const value = (instance as Record<string, unknown>)[key]
      if (value !== undefined) plain[key] = this.#given(value, kinds.get(key) ?? 'asItIs')
    }
    return plain
  }
}

/** A date is given as text, whatever it is in. */
const isGivenAs = (kind: Kind): kind is Exclude<Scalar, 'Date'> =>
  typeof kind === 'string' && kind !== 'asItIs' && kind !== 'Date'

const isNoObject = (value: unknown): boolean => typeof value !== 'object' || value === null
