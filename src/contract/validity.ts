/**
 * Whether an instance is valid, found out in a quarter of class-validator's time: the decorators' own checks, one after
 * the other, without the errors that it prepares for each property beforehand.
 */
import {
  getMetadataStorage,
  type ValidationArguments,
  ValidationTypes,
  type ValidatorConstraintInterface,
} from 'class-validator'

type Metadatas = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>

interface Check {
  readonly constraint: ValidatorConstraintInterface
  readonly constraints: unknown[]
  /** Of the elements, where there is a list. */
  readonly each: boolean
  readonly applies: ((object: object, value: unknown) => boolean) | undefined
}

interface Property {
  readonly name: string
  /** All must hold, or nothing is checked. */
  readonly conditions: readonly ((object: object, value: unknown) => boolean)[]
  readonly checks: readonly Check[]
  /** For each @ValidateNested: whether of the elements. */
  readonly nested: readonly boolean[]
}

interface Plan {
  readonly className: string
  readonly properties: readonly Property[]
  readonly names: ReadonlySet<string>
}

/** Null for a class that says nothing of its properties, or has something that waits. */
const plans = new WeakMap<object, Plan | null>()

const isCollection = (value: unknown): value is Iterable<unknown> =>
  Array.isArray(value) || value instanceof Set || value instanceof Map

/**
 * True when class-validator would find no fault. False when it would, or may: ask it then, for what is wrong and in
 * which words.
 * @param metadatasOf what class-validator knows of a class
 * @param only whether properties without a decorator are faults
 */
export function isValid(instance: object, metadatasOf: (type: object) => Metadatas, only: boolean): boolean {
  const plan = planOf(instance, metadatasOf)
  if (plan === null) return false
  if (only) {
    for (const key of Object.keys(instance)) if (!plan.names.has(key)) return false
  }
  for (const property of plan.properties) {
    const value = (instance as Record<string, unknown>)[property.name]
    if (!property.conditions.every((holds) => holds(instance, value))) continue
    for (const check of property.checks) {
      if (!passes(check, instance, value, property.name, plan.className)) return false
    }
    for (const each of property.nested) {
      if (!isNestedValid(value, each, metadatasOf, only)) return false
    }
  }
  return true
}

function passes(
  { constraint, constraints, each, applies }: Check,
  object: object,
  value: unknown,
  property: string,
  targetName: string,
): boolean {
  if (applies !== undefined && !applies(object, value)) return true
  const details: ValidationArguments = { targetName, property, object, value, constraints }
  if (!each || !isCollection(value)) return isTrue(constraint.validate(value, details))
  const elements = value instanceof Map ? value.values() : value
  for (const element of elements) if (!isTrue(constraint.validate(element, details))) return false
  return true
}

/** A promise is no answer; whoever asks again hears what it comes to. */
function isTrue(answer: unknown): boolean {
  if (answer instanceof Promise) answer.catch(() => {})
  return answer === true
}

function isNestedValid(
  value: unknown,
  each: boolean,
  metadatasOf: (type: object) => Metadatas,
  only: boolean,
): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null || isCollection(value) !== each) return false
  if (!isCollection(value)) return isValid(value, metadatasOf, only)
  const elements = value instanceof Map ? value.values() : value
  for (const element of elements) if (!isNestedValid(element, false, metadatasOf, only)) return false
  return true
}

function planOf(instance: object, metadatasOf: (type: object) => Metadatas): Plan | null {
  const type: unknown = Object.getPrototypeOf(instance)?.constructor
  // class-validator looks at `constructor`, which a peer may have put there.
  if (typeof type !== 'function' || instance.constructor !== type) return null
  let plan = plans.get(type)
  if (plan === undefined) {
    plan = makePlan(type.name, metadatasOf(type))
    plans.set(type, plan)
  }
  return plan
}

function makePlan(className: string, metadatas: Metadatas): Plan | null {
  const names = new Set(metadatas.map(({ propertyName }) => propertyName))
  const isWaiting = metadatas.some(({ type }) => type === ValidationTypes.PROMISE_VALIDATION)
  if (names.size === 0 || isWaiting) return null
  const properties = [...names].map((name) => {
    const own = metadatas.filter(({ propertyName }) => propertyName === name)
    return {
      name,
      conditions: of(own, ValidationTypes.CONDITIONAL_VALIDATION).map(({ constraints }) => constraints[0]),
      checks: [...of(own, ValidationTypes.IS_DEFINED), ...of(own, ValidationTypes.CUSTOM_VALIDATION)].flatMap(
        checksOf,
      ),
      nested: of(own, ValidationTypes.NESTED_VALIDATION).map(({ each }) => each === true),
    }
  })
  return { className, properties, names }
}

const of = (metadatas: Metadatas, type: string): Metadatas => metadatas.filter((one) => one.type === type)

function checksOf({ constraintCls, constraints, each, validateIf }: Metadatas[number]): Check[] {
  return getMetadataStorage()
    .getTargetValidatorConstraints(constraintCls)
    .map(({ instance }) => ({
      constraint: instance,
      constraints,
      each: each === true,
      applies: validateIf,
    }))
}
