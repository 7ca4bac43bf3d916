import type { DtoClass } from '../definition.js'
import { type Shapes, ToPlain } from '../transformer.js'
import { isUndescribed, type Making, madeKind, makingOf } from './making.js'
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

  value(value: unknown, type?: unknown): unknown {
    const isTyped = !isUndescribed(type)
    const kind = isTyped ? madeKind(type) : undefined
    const scalar = typeof kind === 'string' && kind !== 'Date' ? Scalars[kind] : undefined
    if (typeof value !== 'object' || value === null || isWhole(value)) return scalar?.(value) ?? value
    if (value instanceof Date) return value.toJSON() // text, or null
    if (isTyped && kind === undefined) return this.#transformer.object(value, type)
    if (Array.isArray(value))
      return isTyped ? value.map((element) => this.value(element, type)) : this.#list(value)
    if (value instanceof Set) return this.value([...value], type)
    if (scalar !== undefined) return scalar(value)
    return typeof kind === 'function' ? this.#instance(value, kind) : this.#undescribed(value)
  }

  #instance(value: object, type: DtoClass): unknown {
    const making = makingOf(type)
    return making === undefined ? this.#transformer.object(value, type) : this.#plain(making, value)
  }

  /** Not by class-transformer: it takes a key `constructor` for the class, and makes objects of Maps. */
  #undescribed(value: object): unknown {
    if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, this.value(inner)]))
    if (!isPlain(value)) return this.#instance(value, value.constructor as DtoClass)
    let changed: Map<string, unknown> | undefined
    for (const key of Object.keys(value)) {
      const inner = value[key]
      const given = this.value(inner)
      if (given === inner) continue
      changed ??= new Map(Object.entries(value))
      changed.set(key, given)
    }
    return changed === undefined ? value : Object.fromEntries(changed)
  }

  /** The list itself where there is nothing within that is no data. */
  #list(values: readonly unknown[]): readonly unknown[] {
    let changed: unknown[] | undefined
    for (let i = 0; i < values.length; i++) {
      const inner = values[i]
      if (typeof inner !== 'object' || inner === null) continue
      const given = this.value(inner)
      if (given === inner) continue
      changed ??= [...values]
      changed[i] = given
    }
    return changed ?? values
  }

  #plain({ names, types }: Making, instance: object): object {
    const plain: Record<string, unknown> = {}
    for (const key of Object.keys(instance)) {
      if (!names.has(key) && !this.#shapes.discriminators.has(key)) continue
      const value = (instance as Record<string, unknown>)[key]
      if (value !== undefined) plain[key] = this.value(value, types.get(key))
    }
    return plain
  }
}
