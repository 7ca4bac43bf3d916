/** Between plain decoded data and instances of the classes that a definition names. */
import { types } from 'node:util'
import { ValidationTypes } from 'class-validator'
import { LevinError, type LevinErrorCode } from '../errors.js'
import type { DtoClass } from './definition.js'
import { type Constraint, constraintsOf, familyOf, rulesOf } from './metadata.js'
import { Faults } from './plan/faults.js'
import { Maker } from './plan/maker.js'
import { DEFAULT_MAX_NESTED, NestedBudget } from './plan/nested-budget.js'
import { Plainer } from './plan/plainer.js'
import { Validation } from './plan/validation.js'
import { Shapes } from './transformer.js'

/** What is done to data of one class, worked out once. */
export interface Dto<T extends object = object> {
  /**
   * A valid instance of what came from a peer or a user: plain data, or an instance already. Neither is changed.
   * @throws LevinError with `code`, naming each fault and where it is
   */
  instance(data: unknown, code: LevinErrorCode): T
  /** What of a valid instance goes on the wire. */
  plain(instance: T): object
}

export interface DtoOptions {
  readonly unknownProperties?: 'refuse' | 'drop' | undefined
  readonly maxNested?: number | undefined
}

/** What to do about a nested object that is no instance. They are made for plain data; what is an instance stays as it is. */
const NOT_TYPED = 'its property needs @Type(() => TheClass)'
const NOT_MADE = 'make it with `new`, or give the whole as a plain object'

/**
 * @param use what the class is for, as errors name it: `request of synapse 'Forecast'`
 * @throws LevinError CONFIG for a class without a single validated property, or with an asynchronous check
 */
export function describeDto<T extends object>(
  type: DtoClass<T>,
  use: string,
  { unknownProperties = 'refuse', maxNested = DEFAULT_MAX_NESTED }: DtoOptions,
): Dto<T> {
  const drop = unknownProperties === 'drop'
  const family = familyOf(type)
  refuseUnusable(type, family, use)
  const shapes = new Shapes(family, drop)
  const plainer = new Plainer(shapes)

  const validate = (instance: object, cure: string, unknown?: Maker['unknown']): void => {
    const faults = new Faults()
    new Validation(faults, new NestedBudget(maxNested), { only: !drop, cure, unknown }).check(instance)
    if (!faults.areNone) throw new Error(String(faults))
  }

  const made = (data: object): object => {
    const maker = new Maker(drop, new NestedBudget(maxNested), shapes)
    const instance = maker.make(type, data)
    validate(instance, NOT_TYPED, maker.unknown)
    return instance
  }

  return {
    instance(data, code) {
      if (typeof data !== 'object' || data === null || Array.isArray(data)) {
        throw new LevinError(code, `${use}: an object of class ${type.name} is needed`)
      }
      try {
        if (!(data instanceof type)) return made(data) as T
        validate(data, NOT_MADE)
        return data
      } catch (cause) {
        // Also what the author's own checks and transformations throw: they did not expect such data.
        throw new LevinError(code, `${use}: ${LevinError.from(cause).message}`, { cause })
      }
    },
    plain: (instance) => plainer.value(instance, type) as object,
  }
}

function refuseUnusable(type: DtoClass, family: ReadonlySet<DtoClass>, use: string): void {
  if (rulesOf(type).length === 0) {
    throw new LevinError(
      'CONFIG',
      `${use}: ${type.name} has no property with a decorator of class-validator, so nothing could be sent in it; ` +
        'decorate its properties (@IsString(), @IsInt(), ...; @Allow() for anything), and see that the project has ' +
        'only one copy of class-validator (`npm ls class-validator`)',
    )
  }
  for (const member of family) {
    for (const rule of rulesOf(member)) {
      const waits = ({ async, instance }: Constraint) => async || types.isAsyncFunction(instance.validate)
      if (rule.type === ValidationTypes.PROMISE_VALIDATION || constraintsOf(rule).some(waits)) {
        throw new LevinError(
          'CONFIG',
          `${use}: the check of ${member.name}.${rule.propertyName} is asynchronous; checks of a request must not wait ` +
            'for anything, so do it in the handler or in a middleware',
        )
      }
    }
  }
}
