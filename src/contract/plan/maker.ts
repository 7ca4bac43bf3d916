import type { DtoClass } from '../definition.js'
import { type Shapes, ToInstance } from '../transformer.js'
import { mapped } from './collection.js'
import { MAX_FAULTS_NAMED } from './faults.js'
import { type Field, type MadeKind, type Making, makingOf } from './making.js'
import type { NestedBudget } from './nested-budget.js'
import { isScalar, Scalars } from './scalars.js'
import { isPlain, isWhole } from './whole.js'

type Data = Record<string, unknown>

/**
 * Makes instances of what came, without a look at whether they are valid; but of a list that is longer than its class
 * allows nothing is made, and of no more than the budget has.
 */
export class Maker {
  /** Keys of the data that classes do not declare, by the instances that were made without them. */
  unknown: Map<object, readonly string[]> | undefined
  readonly #drop: boolean
  readonly #budget: NestedBudget
  readonly #shapes: Shapes
  #transformer: ToInstance | undefined

  /** @param shapes of classes that class-transformer has to make */
  constructor(drop: boolean, budget: NestedBudget, shapes: Shapes) {
    this.#drop = drop
    this.#budget = budget
    this.#shapes = shapes
  }

  make(type: DtoClass, data: object): object {
    const making = makingOf(type)
    if (making !== undefined) return this.#make(making, data as Data)
    this.#transformer ??= new ToInstance(this.#shapes, this.#budget, this)
    return this.#transformer.transform(undefined, data, type) as object
  }

  #make({ type, names, fields }: Making, data: Data): object {
    this.#budget.take(1)
    const made = new type() as Data
    const isOwn = isPlain(data) ? undefined : data
    let found = 0
    for (const field of fields) {
      const { name, kind } = field
      const value = data[name]
      if (value === undefined || (isOwn !== undefined && !isOwnKey(isOwn, name))) continue
      made[name] = kind === 'asItIs' || this.#isOversize(field, made, value) ? value : this.value(kind, value)
      found++
    }
    if (!this.#drop && Object.keys(data).length > found) this.#noteUnknown(made, names, data)
    return made
  }

  /** Whether its own decorators refuse a list for its size. */
  #isOversize({ property }: Field, made: object, value: unknown): boolean {
    if (!property.sizesFirst || !Array.isArray(value)) return false
    return property.sizes.some((check) => !check.passes(made, value, this.#budget))
  }

  #noteUnknown(made: object, names: ReadonlySet<string>, data: object): void {
    const unknown: string[] = []
    for (const key of Object.keys(data)) {
      if (!names.has(key)) unknown.push(key)
      if (unknown.length > MAX_FAULTS_NAMED) break
    }
    if (unknown.length === 0) return
    this.unknown ??= new Map()
    this.unknown.set(made, unknown)
  }

  /** One value of a property, or a list of them. */
  value(kind: MadeKind, value: unknown): unknown {
    if (Array.isArray(value)) return this.#list(kind, value)
    if (typeof kind !== 'function') return Scalars[kind](value)
    const isOne = typeof value === 'object' && value !== null && !(value instanceof Map) && !isWhole(value)
    return isOne ? this.make(kind, value) : value
  }

  #list(kind: MadeKind, list: readonly unknown[]): readonly unknown[] {
    const isMade = typeof kind === 'string' ? isScalar[kind] : isNever
    return mapped(list, isMade, (element) => {
      // An instance is counted where it is made.
      if (typeof kind === 'string' || Array.isArray(element)) this.#budget.take(1)
      return this.value(kind, element)
    })
  }
}

const isOwnKey = (data: object, name: string): boolean =>
  Object.prototype.propertyIsEnumerable.call(data, name)

const isNever = (): boolean => false
