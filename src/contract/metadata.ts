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

/** Whether a property may be left out. */
export const isOptional = (type: DtoClass, property: string): boolean =>
  rulesOf(type).some(
    ({ propertyName, type: kind }) =>
      propertyName === property && kind === ValidationTypes.CONDITIONAL_VALIDATION,
  )

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

/** The properties of a class that may be sent, by the names under which they are. */
export function sentNamesOf(type: DtoClass): ReadonlyMap<string, string> {
  const sent = new Map(rulesOf(type).map(({ propertyName }) => [propertyName, propertyName]))
  for (const { propertyName, options } of exposedIn(type))
    sent.set(propertyName, options.name ?? propertyName)
  return new Map([...sent].map(([property, name]) => [name, property]))
}

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

/** The type that TypeScript wrote down of a property, where it was told to and `reflect-metadata` is loaded. */
export const declaredType = (type: DtoClass, property: string): unknown =>
  (Reflect as Partial<typeof Reflect>).getMetadata?.('design:type', type.prototype, property)
