import { ValidationTypes } from 'class-validator'
import type { Rule } from '../metadata.js'
import { type PropertyPlan, planOf } from './class-plan.js'
import { type Collection, isCollection, valuesOf } from './collection.js'
import { type Faults, unknownText } from './faults.js'
import type { NestedBudget } from './nested-budget.js'
import { fillIn } from './words.js'

export interface ValidationOptions {
  /** Whether properties without a decorator are faults. */
  readonly only: boolean
  /** What to do about a nested object that is no instance. */
  readonly cure: string
  /** Keys of the data that an instance was made of, which its class does not declare. */
  readonly unknown?: ReadonlyMap<object, readonly string[]> | undefined
}

/**
 * Finds what class-validator would, in its order and its words, until enough is found. What is larger than its class
 * allows is not looked into, so that its other faults are not named.
 */
export class Validation {
  readonly #faults: Faults
  readonly #budget: NestedBudget
  readonly #options: ValidationOptions

  constructor(faults: Faults, budget: NestedBudget, options: ValidationOptions) {
    this.#faults = faults
    this.#budget = budget
    this.#options = options
  }

  /** @throws Error when a check waits, or the budget is spent */
  check(instance: object): void {
    this.#budget.take(1)
    const plan = planOf(instance)
    const faults = this.#faults
    if (plan === undefined) {
      faults.addOfObject(`must be an instance of its class: ${this.#options.cure}`)
      return
    }
    if (this.#options.only) this.#checkKeys(instance, plan.names)
    for (const property of plan.properties) {
      if (faults.areEnough) return
      this.#property(property, instance, (instance as Record<string, unknown>)[property.name])
    }
  }

  #checkKeys(instance: object, names: ReadonlySet<string>): void {
    for (const key of Object.keys(instance)) if (!names.has(key)) this.#addUnknown(key)
    const unknown = this.#options.unknown?.get(instance)
    if (unknown === undefined) return
    for (const key of unknown) {
      if (!Object.hasOwn(instance, key)) this.#addUnknown(key)
    }
  }

  #addUnknown(key: string): void {
    if (!this.#faults.areEnough) this.#faults.add(unknownText(key))
  }

  #property(property: PropertyPlan, instance: object, value: unknown): void {
    for (const holds of property.conditions) if (!holds(instance, value)) return
    const { nested } = property
    const isOversize = this.#isOversize(property, instance, value)
    let texts: Map<string, string> | undefined
    for (const check of property.checks) {
      if (isOversize && check.walks) continue
      if (check.passes(instance, value, this.#budget)) continue
      texts ??= new Map()
      texts.set(check.name, check.text(instance, value))
    }
    if (nested === undefined || value === undefined || isOversize) {
      if (texts !== undefined) this.#add(texts)
      return
    }
    const fault = nestedFault(nested, value, property.name, nested.each === true)
    if (fault !== undefined) {
      // in place of the others: they say in more words that it is no list
      if (typeof value === 'object' && value !== null) texts = undefined
      texts ??= new Map()
      texts.set(ValidationTypes.NESTED_VALIDATION, fault)
    }
    if (texts !== undefined) this.#add(texts)
    if (fault === undefined) this.#within(nested, value as object, property.name)
  }

  #isOversize({ sizes }: PropertyPlan, instance: object, value: unknown): boolean {
    for (const check of sizes) if (!check.passes(instance, value, this.#budget)) return true
    return false
  }

  #add(texts: ReadonlyMap<string, string>): void {
    for (const text of texts.values()) if (!this.#faults.areEnough) this.#faults.add(text)
  }

  #within(nested: Rule, value: object, name: string): void {
    this.#faults.enter(name)
    if (!isCollection(value)) this.check(value)
    else this.#elements(nested, value)
    this.#faults.leave()
  }

  #elements(nested: Rule, all: Collection): void {
    if (all instanceof Map) {
      for (const [key, element] of all) this.#element(nested, element, String(key))
      return
    }
    let place = 0
    for (const element of valuesOf(all)) {
      if (this.#faults.areEnough) return
      this.#element(nested, element, place++)
    }
  }

  #element(nested: Rule, element: unknown, place: number | string): void {
    if (element === undefined || this.#faults.areEnough) return
    const fault = nestedFault(nested, element, place, false)
    if (fault !== undefined) {
      this.#faults.add(fault)
      return
    }
    this.#faults.enter(place)
    this.check(element as object)
    this.#faults.leave()
  }
}

/** class-validator by itself takes a list, and lists within lists, where one nested instance is declared. */
function nestedFault(rule: Rule, value: unknown, place: number | string, many: boolean): string | undefined {
  if (!(value instanceof Object)) return nestedText(rule, value)
  if (isCollection(value) === many) return undefined
  return many
    ? `${place} must be a list`
    : `${place} must be one object; a list of them is declared with @ValidateNested({ each: true })`
}

/** class-validator takes the class for the object here. */
function nestedText(rule: Rule, value: unknown): string {
  const { message, target, propertyName: property, constraints } = rule
  return fillIn(message, { targetName: 'Function', property, object: target as object, value, constraints })
}
