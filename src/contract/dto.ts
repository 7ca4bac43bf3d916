/**
 * Between plain decoded data and instances of the classes that a definition names. With `validity.ts`, the only importer
 * of class-validator and class-transformer.
 */

import { types } from 'node:util'
import { TransformationType } from 'class-transformer'
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js'
import { TransformOperationExecutor } from 'class-transformer/cjs/TransformOperationExecutor.js'
import {
  getMetadataStorage,
  type MetadataStorage,
  type ValidationError,
  ValidationTypes,
  Validator,
  type ValidatorOptions,
} from 'class-validator'
import { ValidationExecutor } from 'class-validator/cjs/validation/ValidationExecutor.js'
import { LevinError, type LevinErrorCode } from '../errors.js'
import { shown } from '../shown.js'
import { EncodedMap, Extension } from '../wire/value.js'
import type { DtoClass } from './definition.js'
import { isValid } from './validity.js'

/** How many faults an error names; a hostile array could hold thousands. */
const MAX_FAULTS_NAMED = 8

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
  readonly unknownProperties: 'refuse' | 'drop'
}

/**
 * @param use what the class is for, as errors name it: `request of synapse 'Forecast'`
 * @throws LevinError CONFIG for a class without a single validated property, or with an asynchronous check
 */
export function describeDto<T extends object>(type: DtoClass<T>, use: string, options: DtoOptions): Dto<T> {
  const drop = options.unknownProperties === 'drop'
  const family = familyOf(type)
  refuseUnusable(type, family, use)
  const shapes = new Shapes(family, drop)
  const { create, plain } = isTransformed(type) ? transformed(type, shapes) : assigned(type, shapes)

  return {
    instance(data, code) {
      if (typeof data !== 'object' || data === null || Array.isArray(data)) {
        throw new LevinError(code, `${use}: an object of class ${type.name} is needed`)
      }
      const isGiven = data instanceof type
      try {
        const instance = isGiven ? data : create(data)
        validate(instance, drop, isGiven ? NOT_MADE : NOT_TYPED)
        return instance
      } catch (cause) {
        // Also what the author's own checks and transformations throw: they did not expect such data.
        throw new LevinError(code, `${use}: ${LevinError.from(cause).message}`, { cause })
      }
    },
    plain,
  }
}

/** Both directions of one class. */
interface Binding<T> {
  create(data: object): T
  plain(instance: T): object
}

/** Of a class without nested ones and without class-transformer's decorators: nothing is walked. */
function assigned<T extends object>(type: DtoClass<T>, shapes: Shapes): Binding<T> {
  return {
    // Unknown keys first, before an instance is made: an own property `constructor` would hide the class's checks.
    create: (data) => Object.assign(new type(), only(shapes.of(type)?.takes, data, shapes.drop)),
    plain: (instance) => only(shapes.of(type)?.gives, instance, true),
  }
}

function transformed<T extends object>(type: DtoClass<T>, shapes: Shapes): Binding<T> {
  const toInstance = new ToInstance(shapes)
  const toPlain = new ToPlain(shapes)
  // class-transformer writes discriminators into the objects that it reads, and deletes them from there.
  const readable = shapes.discriminators.size > 0 ? copyOf : <V>(value: V): V => value
  return {
    create: (data) => toInstance.transform(undefined, readable(data), type) as T,
    plain: (instance) => toPlain.transform(undefined, readable(instance)) as object,
  }
}

/** The class and its ancestors. */
function lineageOf(type: DtoClass): DtoClass[] {
  const lineage: DtoClass[] = []
  for (let at = type; at !== Function.prototype; at = Object.getPrototypeOf(at)) lineage.push(at)
  return lineage
}

const validatedIn = (type: DtoClass) =>
  getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)

const typedIn = (type: DtoClass) =>
  lineageOf(type).flatMap((at) => [...(defaultMetadataStorage._typeMetadatas.get(at)?.values() ?? [])])

/** The class and all that it nests. */
function familyOf(type: DtoClass, family = new Set<DtoClass>()): ReadonlySet<DtoClass> {
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

function refuseUnusable(type: DtoClass, family: ReadonlySet<DtoClass>, use: string): void {
  if (validatedIn(type).length === 0) {
    throw new LevinError(
      'CONFIG',
      `${use}: ${type.name} has no property with a decorator of class-validator, so nothing could be sent in it; ` +
        'decorate its properties (@IsString(), @IsInt(), ...; @Allow() for anything), and see that the project has ' +
        'only one copy of class-validator (`npm ls class-validator`)',
    )
  }
  const storage = getMetadataStorage()
  for (const member of family) {
    for (const { propertyName, constraintCls } of validatedIn(member)) {
      const constraints = constraintCls ? storage.getTargetValidatorConstraints(constraintCls) : []
      if (constraints.some(({ async, instance }) => async || types.isAsyncFunction(instance.validate))) {
        throw new LevinError(
          'CONFIG',
          `${use}: the check of ${member.name}.${propertyName} is asynchronous; checks of a request must not wait ` +
            'for anything, so do it in the handler or in a middleware',
        )
      }
    }
  }
}

/** Whether class-transformer has anything to do for a class: nested classes, renamed, hidden or computed properties. */
function isTransformed(type: DtoClass): boolean {
  const { _transformMetadatas: transforms, _typeMetadatas: typed } = defaultMetadataStorage
  return (
    validatedIn(type).some(({ type: kind }) => kind === ValidationTypes.NESTED_VALIDATION) ||
    defaultMetadataStorage.getExposedMetadatas(type).length > 0 ||
    defaultMetadataStorage.getExcludedMetadatas(type).length > 0 ||
    lineageOf(type).some(
      (at) => transforms.has(at) || typed.has(at) || defaultMetadataStorage.getStrategy(at) !== 'none',
    )
  )
}

/** Which keys a class takes from data, and which properties of an instance it gives. */
interface Shape {
  readonly takes: ReadonlySet<string>
  readonly gives: ReadonlySet<string>
}

/** The shapes of a class and of those that it nests, worked out as they are met. */
class Shapes {
  /** Properties in which class-transformer says of which class a nested object is. */
  readonly discriminators: ReadonlySet<string>
  readonly drop: boolean
  readonly #known = new Map<unknown, Shape | undefined>()

  constructor(family: ReadonlySet<DtoClass>, drop: boolean) {
    const typed = [...family].flatMap(typedIn)
    this.discriminators = new Set(typed.flatMap(({ options }) => options.discriminator?.property ?? []))
    this.drop = drop
  }

  /** Undefined for what is no class, or for one that says nothing about its properties. */
  of(type: unknown): Shape | undefined {
    let shape = this.#known.get(type)
    if (shape === undefined && !this.#known.has(type)) {
      shape = typeof type === 'function' ? this.#read(type as DtoClass) : undefined
      this.#known.set(type, shape)
    }
    return shape
  }

  #read(type: DtoClass): Shape | undefined {
    const validated = new Set(validatedIn(type).map(({ propertyName }) => propertyName))
    if (validated.size === 0) return undefined
    const exposed = defaultMetadataStorage.getExposedMetadatas(type)
    const hidden = defaultMetadataStorage.getExcludedMetadatas(type)
    const takes = new Set(validated)
    for (const { propertyName, options } of [...exposed, ...hidden]) {
      // One that is not validated may come too: class-transformer skips it, or class-validator refuses it. But where
      // unknown properties are dropped nothing is refused, and it would reach the handler.
      if (validated.has(propertyName) || !this.drop) takes.add(options.name ?? propertyName)
    }
    const gives = [...validated, ...exposed.map(({ propertyName }) => propertyName), ...this.discriminators]
    return { takes, gives: new Set(gives) }
  }
}

/** An object without unknown keys. @throws Error that names them, unless they are dropped */
function only(known: ReadonlySet<string> | undefined, object: object, drop: boolean): object {
  if (known === undefined) return object
  const unknown = Object.keys(object).filter((key) => !known.has(key))
  if (unknown.length === 0) return object
  if (!drop) throw new Error(enumerate(unknown.map((key) => `property ${shown(key, 40)} should not exist`)))
  return Object.fromEntries(Object.entries(object).filter(([key]) => known.has(key)))
}

/** What class-transformer 0.5.1 must not touch: it walks 4 KiB of a Uint8Array for 46 ms, 1 MiB for ten minutes. */
const isWhole = (value: unknown): boolean =>
  value instanceof Uint8Array || value instanceof Extension || value instanceof EncodedMap

/** `Object` is what TypeScript emits for a type that is no class. */
const isUndescribed = (type: unknown): boolean => type === undefined || type === Object

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** class-transformer from data to instances. What no class describes stays as it came, without being walked. */
class ToInstance extends TransformOperationExecutor {
  readonly #shapes: Shapes

  constructor(shapes: Shapes) {
    super(TransformationType.PLAIN_TO_CLASS, { exposeUnsetFields: false })
    this.#shapes = shapes
  }

  override transform(
    source: undefined,
    value: unknown,
    type?: unknown,
    arrayType?: unknown,
    isMap?: boolean,
    level?: number,
  ): unknown {
    // It would make a Date of a number, and of `true`; what travels is text.
    const isNoDate = type === Date && typeof value !== 'string' && typeof value !== 'object'
    return isUndescribed(type) || isWhole(value) || isNoDate
      ? value
      : super.transform(source, value, type, arrayType, isMap, level)
  }

  protected override getKeys(type: unknown, data: object, isMap?: boolean): string[] {
    const takes = this.#shapes.of(type)?.takes
    if (isMap || takes === undefined) return super.getKeys(type, data, isMap)
    // Unknown ones first: class-transformer compares each key with each other, 100,000 of them for 3 s. And
    // after it again, since it adds every exposed one.
    return super.getKeys(type, only(takes, data, this.#shapes.drop)).filter((key) => takes.has(key))
  }
}

/** class-transformer from instances to data. What no class describes is walked too: there may be instances within. */
class ToPlain extends TransformOperationExecutor {
  readonly #shapes: Shapes

  constructor(shapes: Shapes) {
    super(TransformationType.CLASS_TO_PLAIN, {})
    this.#shapes = shapes
  }

  override transform(
    source: undefined,
    value: unknown,
    type?: unknown,
    arrayType?: unknown,
    isMap?: boolean,
    level?: number,
  ): unknown {
    if (isWhole(value)) return value
    if (value instanceof Date) return value.toISOString() // as JSON has it
    if (isUndescribed(type)) {
      // Not by class-transformer: it takes a key `constructor` for the class, and makes objects of Maps.
      const within = ([key, inner]: [unknown, unknown]) => [key, this.transform(undefined, inner)] as const
      if (value instanceof Map) return new Map([...value].map(within))
      if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(within))
    }
    return super.transform(source, value, type, arrayType, isMap, level)
  }

  protected override getKeys(type: unknown, instance: object, isMap?: boolean): string[] {
    const gives = isMap ? undefined : this.#shapes.of(type)?.gives
    return super.getKeys(type, only(gives, instance, true), isMap)
  }
}

/** The same structure in objects of its own. */
function copyOf<V>(value: V): V {
  if (Array.isArray(value)) return value.map(copyOf) as V
  if (typeof value !== 'object' || value === null || isWhole(value)) return value
  if (value instanceof Map || value instanceof Date || value instanceof Set) return value
  const within = Object.entries(value).map(([key, inner]) => [key, copyOf(inner)])
  return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(within))
}

const isCollection = (value: unknown): boolean =>
  Array.isArray(value) || value instanceof Set || value instanceof Map

type Metadatas = ReturnType<MetadataStorage['getTargetValidationMetadatas']>

/**
 * What class-validator knows of a class, found once: by itself it goes through all classes that there are for each
 * instance. Remembered by class alone, since the other arguments are the same for all of ours.
 */
class KnownMetadata {
  readonly hasValidationMetaData = true
  readonly #storage = getMetadataStorage()
  /** Weak, and of functions only: a peer may put anything at all in a key `constructor`. */
  readonly #found = new WeakMap<object, Metadatas>()
  readonly #grouped = new WeakMap<Metadatas, Record<string, Metadatas>>()

  getTargetValidationMetadatas(
    ...asked: Parameters<MetadataStorage['getTargetValidationMetadatas']>
  ): Metadatas {
    const [type] = asked
    if (typeof type !== 'function') return this.#storage.getTargetValidationMetadatas(...asked)
    const found = this.#found.get(type) ?? this.#storage.getTargetValidationMetadatas(...asked)
    this.#found.set(type, found)
    return found
  }

  groupByPropertyName(metadatas: Metadatas): Record<string, Metadatas> {
    const grouped = this.#grouped.get(metadatas) ?? this.#storage.groupByPropertyName(metadatas)
    this.#grouped.set(metadatas, grouped)
    return grouped
  }

  getTargetValidatorConstraints(
    type: Parameters<MetadataStorage['getTargetValidatorConstraints']>[0],
  ): ReturnType<MetadataStorage['getTargetValidatorConstraints']> {
    return this.#storage.getTargetValidatorConstraints(type)
  }
}

const knownMetadata = new KnownMetadata()
const metadatasOf = (type: object): Metadatas =>
  knownMetadata.getTargetValidationMetadatas(type as DtoClass, '', false, false)

/** class-validator, which by itself takes a list, and lists within lists, where one nested instance is declared. */
class Validation extends ValidationExecutor {
  protected override readonly metadataStorage = knownMetadata

  protected override nestedValidations(
    value: unknown,
    metadatas: readonly { readonly each?: boolean }[],
    error: ValidationError,
  ): void {
    const isElement = isCollection(error.target)
    for (const { each = false } of metadatas) {
      const many = each && !isElement
      if (typeof value !== 'object' || value === null || isCollection(value) === many) continue
      const { property } = error
      error.constraints = {
        [ValidationTypes.NESTED_VALIDATION]: many
          ? `${property} must be a list`
          : `${property} must be one object; a list of them is declared with @ValidateNested({ each: true })`,
      }
      return
    }
    super.nestedValidations(value, metadatas, error)
  }
}

const validator = new Validator()
const REFUSE: ValidatorOptions = { whitelist: true, forbidNonWhitelisted: true }
// Without `whitelist`, which would delete from the instance.
const DROP: ValidatorOptions = {}

/** What to do about a nested object that is no instance. They are made for plain data; what is an instance stays as it is. */
const NOT_TYPED = 'its property needs @Type(() => TheClass)'
const NOT_MADE = 'make it with `new`, or give the whole as a plain object'

/**
 * @param cure what to do about a nested object that is no instance
 * @throws Error that names the faults
 */
function validate(instance: object, drop: boolean, cure: string): void {
  if (isValid(instance, metadatasOf, !drop)) return
  const validation = new Validation(validator, drop ? DROP : REFUSE)
  const found: ValidationError[] = []
  validation.execute(instance, undefined, found)
  if (validation.awaitingPromises.length > 0) {
    void Promise.allSettled(validation.awaitingPromises)
    throw new Error('a check returned a promise; checks must not wait for anything')
  }
  const faults = validation.stripEmptyErrors(found)
  if (faults.length > 0) throw new Error(enumerate(textsOf(faults, cure)))
}

function textsOf(faults: readonly ValidationError[], cure: string, path = ''): string[] {
  return faults.flatMap(({ property, constraints = {}, children = [] }) => {
    if (property === undefined) {
      // class-validator's "unknown value": a nested object that is no instance of a class with decorators
      return `${path} must be an instance of its class: ${cure}`
    }
    const within = path === '' ? '' : `${path}: `
    const where = path === '' ? shown(property, 40) : `${path}.${shown(property, 40)}`
    const texts = Object.values(constraints).map((text) => within + shown(text, 200))
    return [...texts, ...textsOf(children, cure, where)]
  })
}

function enumerate(texts: readonly string[]): string {
  const more = texts.length - MAX_FAULTS_NAMED
  return texts.slice(0, MAX_FAULTS_NAMED).join('; ') + (more > 0 ? `; and ${more} more` : '')
}
