/**
 * Between plain decoded data and instances of the classes that a definition names. The only importer of class-validator
 * and class-transformer.
 */
import { instanceToPlain, plainToInstance } from 'class-transformer'
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js'
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator'
import { LevinError, type LevinErrorCode } from '../errors.js'
import type { DtoClass } from './definition.js'

/** How many faults an error names; a hostile array could hold thousands. */
const MAX_FAULTS_NAMED = 8

/** What is done to data of one class, worked out once. */
export interface Dto<T extends object = object> {
  /**
   * A valid instance of what came from a peer or a user: plain data, or an instance already.
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
  const properties = validatedProperties(type, use)
  const transformed = recordsTransformation(type)
  const drop = options.unknownProperties === 'drop'

  const create = (data: object, code: LevinErrorCode): T => {
    // Before anything is made of the data: an own property such as `constructor` would hide the class's checks.
    const known = transformed ? withoutConstructor(data) : onlyKnown(data, properties, drop, code, use)
    return transformed
      ? plainToInstance(type, asBuffers(known), { exposeUnsetFields: false })
      : Object.assign(new type(), known)
  }

  return {
    instance(data, code) {
      if (typeof data !== 'object' || data === null || Array.isArray(data)) {
        throw new LevinError(code, `${use}: an object of class ${type.name} is needed`)
      }
      const instance = data instanceof type ? data : create(data, code)
      const faults = validateSync(instance, {
        whitelist: true,
        forbidNonWhitelisted: !drop,
        forbidUnknownValues: true,
      })
      if (faults.length > 0) throw new LevinError(code, `${use}: ${describeFaults(faults)}`)
      return instance
    },
    plain: (instance) => (transformed ? (instanceToPlain(asBuffers(instance)) as object) : instance),
  }
}

function validatedProperties(type: DtoClass, use: string): ReadonlySet<string> {
  const storage = getMetadataStorage()
  const properties = new Set<string>()
  for (const metadata of storage.getTargetValidationMetadatas(type, '', false, false)) {
    properties.add(metadata.propertyName)
    const constraints = metadata.constraintCls
      ? storage.getTargetValidatorConstraints(metadata.constraintCls)
      : []
    if (constraints.some(({ async }) => async)) {
      throw new LevinError(
        'CONFIG',
        `${use}: the check of ${type.name}.${metadata.propertyName} is asynchronous; checks of a request must not ` +
          'wait for anything, so do it in the handler or in a middleware',
      )
    }
  }
  if (properties.size > 0) return properties
  throw new LevinError(
    'CONFIG',
    `${use}: ${type.name} has no property with a decorator of class-validator, so nothing could be sent in it; ` +
      'decorate its properties (@IsString(), @IsInt(), ...; @Allow() for anything), and see that the project has ' +
      'only one copy of class-validator (`npm ls class-validator`)',
  )
}

/** Whether class-transformer has anything to do for a class: nested classes, renamed, hidden or computed properties. */
function recordsTransformation(type: DtoClass): boolean {
  const { _transformMetadatas: transforms, _typeMetadatas: types } = defaultMetadataStorage
  for (let target = type; target !== Function.prototype; target = Object.getPrototypeOf(target)) {
    if (transforms.has(target) || types.has(target)) return true
    if (defaultMetadataStorage.getExposedMetadatas(target).length > 0) return true
    if (defaultMetadataStorage.getExcludedMetadatas(target).length > 0) return true
    if (defaultMetadataStorage.getStrategy(target) !== 'none') return true
  }
  return false
}

function onlyKnown(
  data: object,
  properties: ReadonlySet<string>,
  drop: boolean,
  code: LevinErrorCode,
  use: string,
): object {
  let unknown: string[] | undefined
  for (const key of Object.keys(data)) {
    if (properties.has(key)) continue
    unknown ??= []
    unknown.push(key)
  }
  if (unknown === undefined) return data
  if (!drop) {
    const named = unknown.slice(0, MAX_FAULTS_NAMED).map((key) => `property ${short(key)} should not exist`)
    throw new LevinError(code, `${use}: ${named.join('; ')}`)
  }
  return Object.fromEntries(Object.entries(data).filter(([key]) => properties.has(key)))
}

function withoutConstructor(data: object): object {
  if (!Object.hasOwn(data, 'constructor')) return data
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'constructor'))
}

/**
 * The same data with each Uint8Array as a Buffer on the same memory. class-transformer 0.5.1 walks a Uint8Array as an
 * object of numbered properties: 4 KiB take it 46 ms, 1 MiB more than ten minutes. A Buffer it copies at once.
 */
function asBuffers<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength) as unknown as V
  if (Array.isArray(value)) return value.map(asBuffers) as V
  const prototype: unknown = Object.getPrototypeOf(value)
  if (value instanceof Map || value instanceof Date || value instanceof Set) return value
  const copy = Object.create(prototype as object | null) as Record<string, unknown>
  for (const [key, inner] of Object.entries(value)) copy[key] = asBuffers(inner)
  return copy as V
}

function describeFaults(faults: readonly ValidationError[]): string {
  const texts: string[] = []
  collectFaults(faults, '', texts)
  const more = texts.length - MAX_FAULTS_NAMED
  return texts.slice(0, MAX_FAULTS_NAMED).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

function collectFaults(faults: readonly ValidationError[], path: string, into: string[]): void {
  for (const { property, constraints, children } of faults) {
    if (property === undefined) {
      // class-validator's "unknown value": a nested object that is no instance of a class with decorators
      into.push(`${path} must be an instance of its class; its property needs @Type(() => TheClass)`)
      continue
    }
    const where = path === '' ? short(property) : `${path}.${short(property)}`
    for (const text of Object.values(constraints ?? {})) into.push(path === '' ? text : `${path}: ${text}`)
    if (children !== undefined && children.length > 0) collectFaults(children, where, into)
  }
}

const short = (key: string): string => (key.length <= 40 ? key : `${key.slice(0, 40)}...`)
