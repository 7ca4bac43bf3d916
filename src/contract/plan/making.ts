import type { DtoClass } from '../definition.js'
import { isReshaped, typedIn } from '../metadata.js'
import { type PropertyPlan, planOfClass } from './class-plan.js'
import type { Scalar } from './scalars.js'

/** What the values of a property are made: scalars, or instances of a class. */
export type MadeKind = Scalar | DtoClass

/** The same of a property, of which nothing need be made. */
export type Kind = MadeKind | 'asItIs'

/** One property of a class, as it is made of data. */
export interface Field {
  readonly name: string
  readonly kind: Kind
  readonly property: PropertyPlan
}

/** How instances of one class are made where there is nothing to do but to nest. */
export interface Making {
  readonly type: DtoClass
  readonly names: ReadonlySet<string>
  readonly fields: readonly Field[]
  /** Of properties with `@Type`, also of those that are not validated. */
  readonly kinds: ReadonlyMap<string, Kind>
}

const makings = new WeakMap<DtoClass, Making | undefined>()

/** Undefined for a class that class-transformer has to make. */
export function makingOf(type: DtoClass): Making | undefined {
  let making = makings.get(type)
  if (making === undefined && !makings.has(type)) {
    making = readMaking(type)
    makings.set(type, making)
  }
  return making
}

function readMaking(type: DtoClass): Making | undefined {
  const plan = planOfClass(type)
  if (plan === undefined || isReshaped(type)) return undefined
  const kinds = new Map<string, Kind>()
  for (const { propertyName, typeFunction, reflectedType, options } of typedIn(type)) {
    const isPlain =
      typeFunction?.length === 0 &&
      options.discriminator === undefined &&
      reflectedType !== Set &&
      reflectedType !== Map
    if (!isPlain) return undefined
    const declared = typeFunction({ newObject: {}, object: {}, property: propertyName })
    const kind = kindOf(declared)
    if (kind === undefined) return undefined
    kinds.set(propertyName, kind)
  }
  const fields: Field[] = []
  for (const property of plan.properties) {
    const { name } = property
    // What the prototype has under this name may be a method, or know how to set itself.
    if (name in type.prototype) return undefined
    fields.push({ name, kind: kinds.get(name) ?? 'asItIs', property })
  }
  return { type, names: plan.names, fields, kinds }
}

/** Undefined for what class-transformer has to make. */
export const kindOf = (declared: unknown): Kind | undefined =>
  isUndescribed(declared) ? 'asItIs' : madeKind(declared)

/** The same of what a class does describe. */
export function madeKind(declared: unknown): MadeKind | undefined {
  if (typeof declared !== 'function') return undefined
  if (declared === String || declared === Number || declared === Boolean || declared === Date) {
    return declared.name as Scalar
  }
  return planOfClass(declared as DtoClass) === undefined ? undefined : (declared as DtoClass)
}

/** `Object` is what TypeScript emits for a type that is no class. */
export const isUndescribed = (type: unknown): boolean => type === undefined || type === Object
