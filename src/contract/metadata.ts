/**
 * What class-validator and class-transformer were told about a class. The one place that reads class-transformer's
 * records, which it does not give away at its front door.
 */
import { defaultMetadataStorage as transformer } from 'class-transformer/cjs/storage.js'
import { getMetadataStorage, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator'
import type { DtoClass } from './definition.js'

/** One decorator of class-validator on one property. */
export type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number]

/** A check that a rule runs. */
export interface Constraint {
  /** As a fault of it is filed. */
  readonly name: string | undefined
  readonly async: boolean
  readonly instance: ValidatorConstraintInterface
}

/** The rules of a class and of its ancestors, as class-validator orders them. */
export const rulesOf = (type: object): readonly Rule[] =>
  getMetadataStorage().getTargetValidationMetadatas(type as DtoClass, '', false, false)

export function constraintsOf({ constraintCls }: Rule): readonly Constraint[] {
  return constraintCls === undefined ? [] : getMetadataStorage().getTargetValidatorConstraints(constraintCls)
}

export const isNested = (rule: Rule): boolean => rule.type === ValidationTypes.NESTED_VALIDATION

/** The class and its ancestors. */
function lineageOf(type: DtoClass): DtoClass[] {
  const lineage: DtoClass[] = []
  for (let at = type; at !== Function.prototype; at = Object.getPrototypeOf(at)) lineage.push(at)
  return lineage
}

/** The nearest `@Type` of each property. */
export function typedIn(type: DtoClass) {
  const typed = new Map(
    lineageOf(type)
      .reverse()
      .flatMap((at) => [...(transformer._typeMetadatas.get(at) ?? [])]),
  )
  return [...typed.values()]
}

export const exposedIn = (type: DtoClass) => transformer.getExposedMetadatas(type)
export const hiddenIn = (type: DtoClass) => transformer.getExcludedMetadatas(type)

/** The class and all that it nests. */
export function familyOf(type: DtoClass, family = new Set<DtoClass>()): ReadonlySet<DtoClass> {
  family.add(type)
  for (const { propertyName, typeFunction, options } of typedIn(type)) {
    const declared = typeFunction?.({ newObject: {}, object: {}, property: propertyName })
    const variants = options.discriminator?.subTypes.map(({ value }) => value) ?? []
    for (const nested of [declared, ...variants]) {
      if (typeof nested === 'function' && !family.has(nested as DtoClass))
        familyOf(nested as DtoClass, family)
    }
  }
  return family
}

/** Whether some property is renamed, hidden or computed. */
export function isReshaped(type: DtoClass): boolean {
  return (
    exposedIn(type).length > 0 ||
    hiddenIn(type).length > 0 ||
    lineageOf(type).some(
      (at) => transformer._transformMetadatas.has(at) || transformer.getStrategy(at) !== 'none',
    )
  )
}
