import type { DtoClass } from '../definition.js'
import { type Shapes, ToPlain } from '../transformer.js'
import { type Kind, kindOf, type Making, makingOf } from './making.js'
import { Scalars } from './scalars.js'
import { isPlain, isWhole } from './whole.js'

/** What of instances goes on the wire. What no class describes is gone through too: there may be instances within. */
export class Plainer {
  readonly #shapes: Shapes
  readonly #transformer: ToPlain

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
    const scalar = isScalar(kind) ? Scalars[kind] : undefined
    if (typeof value !== 'object' || value === null || isWhole(value)) return scalar?.(value) ?? value
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
    if (!isPlain(value)) return this.#instance(value, value.constructor as DtoClass)
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

  /** The list itself where all within is given as it is. */
  #list(values: readonly unknown[], kind: Kind): readonly unknown[] {
    const primitive = isScalar(kind) ? kind.toLowerCase() : undefined
    let changed: unknown[] | undefined
    for (let i = 0; i < values.length; i++) {
      const inner = values[i]
      // Of a million of them nothing else is asked.
      if (primitive === undefined ? typeof inner !== 'object' || inner === null : typeof inner === primitive)
        continue
      const given = this.#given(inner, kind)
      if (given === inner) continue
      changed ??= [...values]
      changed[i] = given
    }
    return changed ?? values
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
const isScalar = (kind: Kind): kind is 'String' | 'Number' | 'Boolean' =>
  typeof kind === 'string' && kind !== 'asItIs' && kind !== 'Date'
