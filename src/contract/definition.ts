/** What a synapse is, once, for the miner that answers it and the validator that asks it. */
import { LevinError } from '../errors.js'
import type { EncodedMap, SynapseData } from '../wire/value.js'

/** A class of requests, responses or chunks: class-validator's decorators on its properties say what is valid. */
export type DtoClass<T extends object = object> = new () => T

export interface SynapseOptions {
  /** Class of the request. Without one, the handler is given any map as it came. */
  readonly request?: DtoClass
  /** Class of the answer. Without one, any map is answered. Not with `stream`. */
  readonly response?: DtoClass
  /** `true`: the answer is a stream of chunks of bytes. A class: of its instances, one MessagePack map a chunk. */
  readonly stream?: true | DtoClass
  /** How long a handler may take, in milliseconds; for a stream, until its last chunk. Default: the miner's `handlerTimeoutMs`, 30,000. */
  readonly timeoutMs?: number
  /** A request may run twice, and nothing is lost by it: what asks again by itself (`retry`) does so for no others. */
  readonly idempotent?: true
  /** What becomes of properties that a class does not declare. Default `refuse`; `drop` leaves them out. */
  readonly unknownProperties?: 'refuse' | 'drop'
  /**
   * How many nested objects a request, an answer or a chunk may hold. Values of lists count with them where a check is not
   * one of the common ones (`@IsEmail`, `@ArrayUnique`, your own), or where `@Type` makes something else of them; an object
   * that class-transformer has to make (`@Expose`, `@Transform`, ...) counts five times. Default 5,000: a few milliseconds,
   * for which everybody else waits.
   */
  readonly maxNested?: number
  /**
   * Fields of the request that a caller by the door `bittensor10` signs, in the order of its Python class
   * (`required_hash_fields`): there, all other fields can be changed on the way. Default none. The other doors sign all.
   */
  readonly hashFields?: readonly string[]
}

/** A synapse's name with what it takes and gives; made by {@link synapse}, shared by both ends. */
export interface SynapseDefinition<O extends SynapseOptions = SynapseOptions> {
  readonly name: string
  readonly options: O
}

/** What a handler is given. */
export type RequestOf<O extends SynapseOptions> = O extends { request: DtoClass<infer T> } ? T : SynapseData
/** What a caller gives: for a definition without a request class also the bytes of a map. */
export type QueryOf<O extends SynapseOptions> = O extends { request: DtoClass<infer T> }
  ? T
  : SynapseData | EncodedMap
/** What a handler returns, and a caller gets. */
export type ResponseOf<O extends SynapseOptions> = O extends { response: DtoClass<infer T> } ? T : SynapseData
/** What one chunk of a stream is. */
export type ChunkOf<O extends SynapseOptions> = O extends { stream: DtoClass<infer T> } ? T : Uint8Array
/** Definitions that are answered once. */
export type PlainOptions = SynapseOptions & { readonly stream?: never }
/** Definitions that are answered with a stream. */
export type StreamOptions = SynapseOptions & { readonly stream: true | DtoClass; readonly response?: never }

/** Options without a key that there is not: TypeScript itself looks for those only where nothing is inferred. */
export type KnownOptions<O extends SynapseOptions> = O & Record<Exclude<keyof O, keyof SynapseOptions>, never>

/** The longest name. A name travels with every request. */
const MAX_NAME_BYTES = 256

/** The longest time for which Node can set a timer; one for longer would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Declares a synapse. The name is what travels on the wire; the classes exist on both ends.
 *
 * @example
 * export const Forecast = synapse('Forecast', { request: ForecastQuery, response: ForecastAnswer })
 * @throws LevinError CONFIG for an empty or overlong name, or options that contradict each other
 */
export function synapse<const O extends PlainOptions | StreamOptions>(
  name: string,
  options: KnownOptions<O>,
): SynapseDefinition<O> {
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new LevinError(
      'CONFIG',
      `a synapse's name has 1 to ${MAX_NAME_BYTES} bytes; this one is ${JSON.stringify(name)}`,
    )
  }
  const fail = (what: string): never => {
    throw new LevinError('CONFIG', `synapse '${name}': ${what}`)
  }
  for (const key of Object.keys(options)) {
    // a class that is not there yet: without it nothing would be checked
    if (CLASSES.has(key) && (options as Record<string, unknown>)[key] === undefined) {
      fail(`${key} is undefined; is it imported as a type only, or by two files from each other?`)
    }
    if (!OPTIONS.has(key)) fail(`there is no option '${key}'; the options are ${[...OPTIONS].join(', ')}`)
  }
  const { request, response, stream, timeoutMs, idempotent, unknownProperties, maxNested, hashFields } =
    options as SynapseOptions
  if (stream !== undefined && response !== undefined) {
    fail('a synapse answers once (response) or with a stream, not both: leave one out')
  }
  if (stream !== undefined && stream !== true && typeof stream !== 'function')
    fail('stream is true or a class')
  for (const [option, value] of [
    ['request', request],
    ['response', response],
  ] as const) {
    if (value !== undefined && typeof value !== 'function') {
      fail(`${option} is not a class; is it imported as a type only, or by two files from each other?`)
    }
  }
  if (
    timeoutMs !== undefined &&
    !(Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)
  ) {
    fail(`timeoutMs is ${timeoutMs}; it is a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`)
  }
  if (idempotent !== undefined && idempotent !== true)
    fail(`idempotent is ${idempotent}; it is true, or left out`)
  if (unknownProperties !== undefined && unknownProperties !== 'refuse' && unknownProperties !== 'drop') {
    fail(`unknownProperties is '${unknownProperties}'; it is 'refuse' or 'drop'`)
  }
  if (maxNested !== undefined && !(Number.isSafeInteger(maxNested) && maxNested >= 0)) {
    fail(`maxNested is ${maxNested}; it is how many nested objects there may be, from 0`)
  }
  if (hashFields !== undefined && !isListOfNames(hashFields)) {
    fail("hashFields is no list of names: give the request's fields that are signed, such as ['city']")
  }
  return Object.freeze({ name, options: Object.freeze({ ...options }) as unknown as O })
}

const CLASSES = new Set(['request', 'response', 'stream'])
const OPTIONS = new Set([
  'request',
  'response',
  'stream',
  'timeoutMs',
  'idempotent',
  'unknownProperties',
  'maxNested',
  'hashFields',
])

const isListOfNames = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')
