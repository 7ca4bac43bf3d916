import type { DtoClass } from '../definition.js'
import { isReshaped, typedIn } from '../metadata.js'
import { type PropertyPlan, planOfClass } from './class-plan.js'
import { Scalars } from './scalars.js'

/** What the values of a property are made: scalars, or instances of a class. */
export type MadeKind = keyof typeof Scalars | DtoClass

/** One property of a class, as it is made of data. */
export interface Field {
  readonly name: string
  readonly kind: MadeKind | 'asItIs'
  readonly property: PropertyPlan
}

/** How instances of one class are made where there is nothing to do but to nest. */
export interface Making {
  readonly type: DtoClass
  readonly names: ReadonlySet<string>
  readonly fields: readonly Field[]
  /** What `@Type` says, where it says something. */
  readonly types: ReadonlyMap<string, unknown>
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
  const kinds = new Map<string, Field['kind']>()
  const types = new Map<string, unknown>()
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
    types.set(propertyName, declared)
  }
  const fields: Field[] = []
  for (const property of plan.properties) {
    const { name } = property
    // What the prototype has under this name may be a method, or know how to set itself.
    if (name in type.prototype) return undefined
    fields.push({ name, kind: kinds.get(name) ?? 'asItIs', property })
  }
  return { type, names: plan.names, fields, types }
}

function kindOf(declared: unknown): Field['kind'] | undefined {
  return isUndescribed(declared) ? 'asItIs' : madeKind(declared)
}

/** Undefined for what class-transformer has to make. */
export function madeKind(declared: unknown): MadeKind | undefined {
  if (typeof declared !== 'function') return undefined
  if (declared === String || declared === Number || declared === Boolean || declared === Date) {
    return declared.name as keyof typeof Scalars
  }
  return planOfClass(declared as DtoClass) === undefined ? undefined : (declared as DtoClass)
}

/** `Object` is what TypeScript emits for a type that is no class. */
export const isUndescribed = (type: unknown): boolean => type === undefined || type === Object
