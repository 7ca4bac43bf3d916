import { ValidationTypes } from 'class-validator'
import type { DtoClass } from '../definition.js'
import { isNested, type Rule, rulesOf } from '../metadata.js'
import { type Check, checksOf } from './check.js'

type Condition = (object: object, value: unknown) => boolean

/** What class-validator knows of one property, in the order in which it is asked. */
export interface PropertyPlan {
  readonly name: string
  /** All must hold, or nothing is checked. */
  readonly conditions: readonly Condition[]
  readonly checks: readonly Check[]
  /** Those of the checks that say whether a value is too large to be looked into, where something looks into it. */
  readonly sizes: readonly Check[]
  /** The sizes hold whatever the other properties are, so that they can be asked before anything is made. */
  readonly sizesFirst: boolean
  /** Its `@ValidateNested`. */
  readonly nested: Rule | undefined
}

/** What class-validator knows of one class. */
export interface ClassPlan {
  readonly type: DtoClass
  readonly names: ReadonlySet<string>
  readonly properties: readonly PropertyPlan[]
}

/** By prototype. Undefined for a class that says nothing of its properties. */
const plans = new WeakMap<object, ClassPlan | undefined>()

/** The plan of an object's class, worked out once. */
export function planOf(instance: object): ClassPlan | undefined {
  const prototype: object | null = Object.getPrototypeOf(instance)
  return prototype === null ? undefined : planOfPrototype(prototype)
}

export const planOfClass = (type: DtoClass): ClassPlan | undefined => planOfPrototype(type.prototype)

function planOfPrototype(prototype: object): ClassPlan | undefined {
  let plan = plans.get(prototype)
  if (plan === undefined && !plans.has(prototype)) {
    plan = makePlan(prototype.constructor as DtoClass)
    plans.set(prototype, plan)
  }
  return plan
}

function makePlan(type: unknown): ClassPlan | undefined {
  // of an object that stands in for a class, `constructor` may be anything
  if (typeof type !== 'function') return undefined
  const rules = rulesOf(type)
  if (rules.length === 0) return undefined
  // an object's keys, as class-validator groups by: it goes through names that are numbers first
  const names = Object.keys(Object.fromEntries(rules.map(({ propertyName }) => [propertyName, true])))
  return {
    type: type as DtoClass,
    names: new Set(names),
    properties: names.map((name) =>
      propertyPlan(
        name,
        rules.filter((rule) => rule.propertyName === name),
      ),
    ),
  }
}

function propertyPlan(name: string, rules: readonly Rule[]): PropertyPlan {
  const of = (type: string): readonly Rule[] => rules.filter((rule) => rule.type === type)
  const conditional = of(ValidationTypes.CONDITIONAL_VALIDATION)
  const checks = [...of(ValidationTypes.IS_DEFINED), ...of(ValidationTypes.CUSTOM_VALIDATION)].flatMap(
    checksOf,
  )
  const nested = rules.find(isNested)
  return {
    name,
    conditions: conditional.map(({ constraints }) => constraints[0]),
    checks,
    sizes:
      nested === undefined && !checks.some(({ walks }) => walks) ? [] : checks.filter(({ isSize }) => isSize),
    sizesFirst: conditional.every((rule) => rule.name === 'isOptional'),
    nested,
  }
}
