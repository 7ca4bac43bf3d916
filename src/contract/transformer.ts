/**
 * class-transformer, for the classes that use more of it than `@Type`. It is kept off binary, which it walks as an object,
 * off what no class describes, and from making more objects than the budget has.
 */
import { TransformationType } from 'class-transformer'
import { TransformOperationExecutor } from 'class-transformer/cjs/TransformOperationExecutor.js'
import type { DtoClass } from './definition.js'
import { exposedIn, hiddenIn, rulesOf, typedIn } from './metadata.js'
import { Faults, unknownText } from './plan/faults.js'
import type { Maker } from './plan/maker.js'
import { isUndescribed, madeKind, makingOf } from './plan/making.js'
import type { NestedBudget } from './plan/nested-budget.js'
import type { Plainer } from './plan/plainer.js'
import { isPlain, isWhole } from './plan/whole.js'

type Arguments = Parameters<TransformOperationExecutor['transform']>

/** What an object counts for that class-transformer makes: it takes ten times as long. */
const TRANSFORMED = 5

/** Which keys a class takes from data, and which properties of an instance it gives. */
interface Shape {
  readonly takes: ReadonlySet<string>
  readonly gives: ReadonlySet<string>
  /** Where a discriminator says of which class a nested object is. */
  readonly discriminated: readonly { readonly property: string; readonly wire: string }[]
}

/** The shapes of a class and of those that it nests, worked out as they are met. */
export class Shapes {
  /** Properties in which class-transformer says of which class a nested object is. */
  readonly discriminators: ReadonlySet<string>
  readonly drop: boolean
  readonly #known = new Map<unknown, Shape | undefined>()

  constructor(family: ReadonlySet<DtoClass>, drop: boolean) {
    const typed = [...family].flatMap(typedIn)
    this.discriminators = new Set(typed.flatMap(({ options }) => options.discriminator?.property ?? []))
    this.drop = drop
  }

  /** Undefined for what is no class, or for one that says nothing about its properties. */
  of(type: unknown): Shape | undefined {
    let shape = this.#known.get(type)
    if (shape === undefined && !this.#known.has(type)) {
      shape = typeof type === 'function' ? this.#read(type as DtoClass) : undefined
      this.#known.set(type, shape)
    }
    return shape
  }

  #read(type: DtoClass): Shape | undefined {
    const validated = new Set(rulesOf(type).map(({ propertyName }) => propertyName))
    if (validated.size === 0) return undefined
    const exposed = exposedIn(type)
    const hidden = hiddenIn(type)
    const takes = new Set(validated)
    for (const { propertyName, options } of [...exposed, ...hidden]) {
      // One that is not validated may come too: class-transformer skips it, or class-validator refuses it. But where
      // unknown properties are dropped nothing is refused, and it would reach the handler.
      if (validated.has(propertyName) || !this.drop) takes.add(options.name ?? propertyName)
    }
    const gives = [...validated, ...exposed.map(({ propertyName }) => propertyName), ...this.discriminators]
    const named = new Map(exposed.map(({ propertyName, options }) => [propertyName, options.name]))
    const discriminated = typedIn(type)
      .filter(({ options }) => options.discriminator !== undefined)
      .map(({ propertyName }) => ({ property: propertyName, wire: named.get(propertyName) ?? propertyName }))
    return { takes, gives: new Set(gives), discriminated }
  }
}

/** An object without unknown keys. @throws Error that names them, unless they are dropped */
function only(known: ReadonlySet<string> | undefined, object: object, drop: boolean): object {
  if (known === undefined) return object
  const unknown = new Faults()
  let isKnown = true
  for (const key of Object.keys(object)) {
    if (known.has(key)) continue
    isKnown = false
    if (drop || unknown.areEnough) break
    unknown.add(unknownText(key))
  }
  if (isKnown) return object
  if (!drop) throw new Error(String(unknown))
  return Object.fromEntries(Object.entries(object).filter(([key]) => known.has(key)))
}

/** class-transformer from data to instances. What no class describes stays as it came, without being walked. */
export class ToInstance extends TransformOperationExecutor {
  readonly #shapes: Shapes
  readonly #budget: NestedBudget
  readonly #maker: Maker

  /** @param maker for what needs no class-transformer */
  constructor(shapes: Shapes, budget: NestedBudget, maker: Maker) {
    super(TransformationType.PLAIN_TO_CLASS, { exposeUnsetFields: false })
    this.#shapes = shapes
    this.#budget = budget
    this.#maker = maker
  }

  override transform(...given: Arguments): unknown {
    const [source, value, type, arrayType, isMap, level] = given
    if (isUndescribed(type) || isWhole(value)) return value
    if (!isMap && arrayType !== Set) {
      const kind = madeKind(type)
      // Also lists of what has to come back here: class-transformer takes long to find out that a number is no object.
      const isMakers =
        typeof kind === 'string' || Array.isArray(value) || (kind && makingOf(kind)) !== undefined
      if (kind !== undefined && isMakers) return this.#maker.value(kind, value)
    }
    if (Array.isArray(value)) this.#budget.take(value.length)
    return super.transform(source, this.#readable(type, value), type, arrayType, isMap, level)
  }

  protected override getKeys(type: unknown, data: object, isMap?: boolean): string[] {
    this.#budget.take(TRANSFORMED)
    const takes = this.#shapes.of(type)?.takes
    if (isMap || takes === undefined) {
      // class-transformer compares each key with each other, 100,000 of them for 3 s
      this.#budget.take(Object.keys(data).length)
      return super.getKeys(type, data, isMap)
    }
    // Unknown ones first, for the same reason; and after it again, since it adds every exposed one.
    return super.getKeys(type, only(takes, data, this.#shapes.drop)).filter((key) => takes.has(key))
  }

  /** class-transformer deletes discriminators from the objects that it reads: those are copied. */
  #readable(type: unknown, value: unknown): unknown {
    if (!isPlain(value)) return value
    const names = (this.#shapes.of(type)?.discriminated ?? []).map(({ wire }) => wire)
    for (const name of names) {
      const inner = value[name]
      if (Array.isArray(inner)) this.#budget.take(inner.length)
    }
    return withCopies(value, names)
  }
}

/** class-transformer from instances to data. */
export class ToPlain extends TransformOperationExecutor {
  readonly #shapes: Shapes
  readonly #plainer: Plainer

  /** @param plainer for all that it can do by itself */
  constructor(shapes: Shapes, plainer: Plainer) {
    super(TransformationType.CLASS_TO_PLAIN, {})
    this.#shapes = shapes
    this.#plainer = plainer
  }

  override transform(...given: Arguments): unknown {
    const [, value, type, , isMap] = given
    return isMap ? super.transform(...given) : this.#plainer.value(value, type)
  }

  /** What the plainer cannot do. */
  object(value: object, type: unknown): unknown {
    return super.transform(undefined, this.#readable(value), type)
  }

  protected override getKeys(type: unknown, instance: object, isMap?: boolean): string[] {
    const gives = isMap ? undefined : this.#shapes.of(type)?.gives
    return super.getKeys(type, only(gives, instance, true), isMap)
  }

  /** class-transformer writes discriminators into the objects that it reads: those are copied. */
  #readable(value: object): object {
    const names = this.#shapes.of(value.constructor)?.discriminated ?? []
    return withCopies(
      value,
      names.map(({ property }) => property),
    )
  }
}

/** The object, or one like it with copies of what is in these properties. */
function withCopies(object: object, names: readonly string[]): object {
  if (names.length === 0) return object
  const copied = copyOf(object) as Record<string, unknown>
  for (const name of names) {
    const inner = copied[name]
    copied[name] = Array.isArray(inner) ? inner.map(copyOf) : copyOf(inner)
  }
  return copied
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.assign(Object.create(Object.getPrototypeOf(value)), value)
}
