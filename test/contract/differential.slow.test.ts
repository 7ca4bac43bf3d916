/** Binding says and makes what class-transformer and class-validator do by themselves, for any class and any data. */
import { inspect } from 'node:util'
import { instanceToPlain, plainToInstance } from 'class-transformer'
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DtoClass } from '../../src/contract/definition.js'
import { describeDto } from '../../src/contract/dto.js'
import { shown } from '../../src/shown.js'
import { type GeneratedClass, generatedClasses } from '../support/generated-classes.js'

const SEED = Number(process.env.LEVIN_SEED ?? Math.floor(Math.random() * 2 ** 31))
const MOST = 8

/** Checks that fail for what is larger than the class allows: nothing within it is looked at then. */
const SIZES = ['arrayMaxSize', 'maxLength', 'isLength', 'isBytes']
/** Checks of ours and of authors that may look at everything. */
const HEAVY = ['matches', 'isEmail', 'sees', 'truthy', 'arrayUnique']

/** Null, or the text of what is wrong. */
type Outcome = { readonly instance: object } | { readonly faults: string }

/** Undefined when class-transformer throws, as it does for a bigint that should be a Date. */
function byLibraries({ type }: GeneratedClass, data: object, drop: boolean): Outcome | undefined {
  let instance: object
  try {
    instance = plainToInstance(type, data, { exposeUnsetFields: false })
  } catch {
    return undefined
  }
  const texts = textsOf(validateSync(instance, { whitelist: true, forbidNonWhitelisted: !drop }))
  if (texts.length === 0) return { instance }
  return { faults: texts.slice(0, MOST).join('; ') + (texts.length > MOST ? '; and more' : '') }
}

function textsOf(errors: readonly ValidationError[], path = ''): string[] {
  return errors.flatMap((error) => {
    const { property, children = [] } = error
    const { constraints = {}, isOversize } = withoutWalks(error)
    const within = path === '' ? '' : `${path}: `
    const where = path === '' ? property : `${path}.${property}`
    const texts = Object.values(constraints).map((text) => within + shown(text, 200))
    return [...texts, ...(isOversize ? [] : textsOf(children, where))]
  })
}

/** Of a value that is too large only what is said of it as a whole. */
function withoutWalks({ target, property, constraints = {} }: ValidationError) {
  const storage = getMetadataStorage()
  const rules = Array.isArray(target)
    ? []
    : storage.getTargetValidationMetadatas((target as object).constructor as DtoClass, '', false, false)
  const own = rules.filter(({ propertyName }) => propertyName === property)
  const named = own.flatMap((rule) =>
    rule.constraintCls === undefined
      ? []
      : storage.getTargetValidatorConstraints(rule.constraintCls).map(({ name }) => ({ name, rule })),
  )
  const isOversize = named.some(
    ({ name, rule }) =>
      !rule.each && rule.validateIf === undefined && SIZES.includes(name) && name in constraints,
  )
  if (!isOversize) return { constraints, isOversize }
  const isWalk = (type: string) =>
    type === 'nestedValidation' ||
    HEAVY.includes(type) ||
    named.some(({ name, rule }) => name === type && rule.each)
  return {
    constraints: Object.fromEntries(Object.entries(constraints).filter(([type]) => !isWalk(type))),
    isOversize,
  }
}

function byLevin({ type }: GeneratedClass, data: object, drop: boolean): Outcome {
  try {
    const dto = describeDto(type, 'it', { unknownProperties: drop ? 'drop' : 'refuse' })
    return { instance: dto.instance(data, 'INVALID_REQUEST') }
  } catch (error) {
    return { faults: (error as Error).message.replace(/^it: /, '') }
  }
}

/** A Date travels as text. */
const asSent = (value: unknown): unknown => {
  if (value instanceof Date) return value.toJSON()
  if (Array.isArray(value)) return value.map(asSent)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, asSent(inner)]),
  )
}

describe(`seed ${SEED}`, () => {
  // Few classes and many values of each: class-validator goes through all classes that there are.
  test.each([false, true])('150 classes with 30 values each; unknown properties are dropped: %s', (drop) => {
    const seen = { accepted: 0, refused: 0 }
    for (const made of fc.sample(generatedClasses, { numRuns: 150, seed: SEED })) {
      for (const data of fc.sample(made.data, { numRuns: 30, seed: SEED })) {
        const what = `${made.text}: ${inspect(data, { depth: 5 })}`
        const ours = byLevin(made, data, drop)
        const theirs = byLibraries(made, data, drop)
        if (theirs === undefined) expect(ours, what).toHaveProperty('faults')
        else expect(ours, what).toStrictEqual(theirs)
        if ('faults' in ours) {
          seen.refused++
          continue
        }
        seen.accepted++
        const { plain } = describeDto(made.type, 'it', {})
        expect(asSent(plain(ours.instance)), what).toStrictEqual(asSent(instanceToPlain(ours.instance)))
      }
    }
    console.log(`${seen.accepted} accepted, ${seen.refused} refused`)
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(300)
  })
})
