import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator'
import { type Constraint, constraintsOf, type Rule } from '../metadata.js'
import { everyOf, isCollection, sizeOf } from './collection.js'
import { commonCheck, isLight, isSize, type Predicate } from './common-checks.js'
import type { NestedBudget } from './nested-budget.js'
import { fillIn } from './words.js'

/** What one decorator checks of one property, ready to run. */
export class Check {
  /** A later fault of the same name takes the place of an earlier one. */
  readonly name: string
  /** Fails for what is larger than the class allows, and may be asked of what came before anything is made of it. */
  readonly isSize: boolean
  /** Looks at what is within the value, or may do so. */
  readonly walks: boolean
  readonly #rule: Rule
  readonly #constraint: ValidatorConstraintInterface
  readonly #common: Predicate | undefined
  /** What alone decides: it is asked of the value, whatever that is, and under no condition. */
  readonly #alone: Predicate | undefined
  #type: unknown
  #typeName = ''

  constructor(rule: Rule, constraint: Constraint) {
    const { name, instance } = constraint
    this.name = name || rule.type
    this.isSize = isSize(name) && !rule.each && rule.validateIf === undefined
    this.walks = rule.each === true || !isLight(name)
    this.#rule = rule
    this.#constraint = instance
    this.#common = commonCheck(rule, constraint)
    this.#alone = rule.each || rule.validateIf !== undefined ? undefined : this.#common
  }

  passes(object: object, value: unknown, budget: NestedBudget): boolean {
    const alone = this.#alone
    if (alone !== undefined) return alone(value)
    const { each, validateIf } = this.#rule
    if (validateIf !== undefined && !validateIf(object, value)) return true
    const common = this.#common
    if (common === undefined && this.walks && isCollection(value)) budget.take(sizeOf(value))
    if (!each || !isCollection(value)) {
      return common === undefined ? this.#ask(value, this.#details(object, value)) : common(value)
    }
    if (common !== undefined) {
      return everyOf(value, common)
    }
    const details = this.#details(object, value)
    return everyOf(value, (element) => this.#ask(element, details))
  }

  text(object: object, value: unknown): string {
    const details = this.#details(object, value)
    return fillIn(this.#rule.message || (this.#constraint.defaultMessage?.(details) ?? ''), details)
  }

  #details(object: object, value: unknown): ValidationArguments {
    const { propertyName: property, constraints } = this.#rule
    return { targetName: this.#nameOf(object), property, object, value, constraints }
  }

  /** Nearly always that of the last object. To ask for a class's name costs as much as the check. */
  #nameOf(object: object): string {
    const type = object.constructor
    if (type !== this.#type) {
      this.#type = type
      this.#typeName = type.name
    }
    return this.#typeName
  }

  #ask(value: unknown, details: ValidationArguments): boolean {
    const answer: unknown = this.#constraint.validate(value, details)
    if (typeof answer === 'object' && answer !== null && 'then' in answer) {
      Promise.resolve(answer).catch(() => {})
      throw new Error('a check returned a promise; checks must not wait for anything')
    }
    return Boolean(answer)
  }
}

export const checksOf = (rule: Rule): Check[] => constraintsOf(rule).map((one) => new Check(rule, one))
