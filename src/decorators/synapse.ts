import {
  type DtoClass,
  type KnownOptions,
  type PlainOptions,
  type StreamOptions,
  type SynapseDefinition,
  synapse,
} from '../contract/definition.js'
import type { Handler } from '../contract/handler.js'
import { LevinError } from '../errors.js'
import { firstParameterOf, recordHandler } from './metadata.js'

type HandlerDecorator<H> = <M extends H>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void

/**
 * The method answers a synapse. It is given the validated request and a `Call`, and returns the answer or a promise of
 * it; for a stream it is a generator (`async *`). A method of another shape does not compile.
 *
 * @example
 * \@Synapse(Forecast)                                          // a definition that the validator shares
 * \@Synapse('Forecast', { request: ForecastQuery, response: ForecastAnswer })
 * @throws LevinError CONFIG when the options contradict each other, or when there is no request class to be found
 */
export function Synapse<O extends PlainOptions | StreamOptions>(
  definition: SynapseDefinition<O>,
): HandlerDecorator<Handler<O>>
export function Synapse<const O extends PlainOptions | StreamOptions = Record<never, never>>(
  name: string,
  options?: KnownOptions<O>,
): HandlerDecorator<O extends { request: DtoClass } ? Handler<O> : UntypedRequest<O>>
export function Synapse(
  nameOrDefinition: string | SynapseDefinition,
  options: PlainOptions | StreamOptions = {},
) {
  return (prototype: object, method: string | symbol): void => {
    const definition =
      typeof nameOrDefinition === 'string'
        ? synapse(nameOrDefinition, withRequest(options, prototype, method, nameOrDefinition))
        : nameOrDefinition
    recordHandler(prototype, { method, definition })
  }
}

/** Without a named request class the method's own parameter says it, and only at run time. */
type UntypedRequest<O extends PlainOptions | StreamOptions> =
  Handler<O> extends (request: never, ...rest: infer R) => infer A ? (request: never, ...rest: R) => A : never

/** A convenience: the class of the method's parameter, where TypeScript's metadata has one. */
function withRequest<O extends PlainOptions | StreamOptions>(
  options: O,
  prototype: object,
  method: string | symbol,
  name: string,
): O {
  if (options.request !== undefined) return options
  const type = firstParameterOf(prototype, method)
  if (typeof type === 'function' && !BUILT_IN.has(type)) return { ...options, request: type as DtoClass }
  throw new LevinError(
    'CONFIG',
    `${prototype.constructor.name}.${String(method)}: @Synapse('${name}') does not know the request's class: name it ` +
      `(@Synapse('${name}', { request: YourQuery })), or declare the synapse with synapse('${name}', {}) to take any map`,
  )
}

const BUILT_IN: ReadonlySet<unknown> = new Set([
  Object,
  String,
  Number,
  Boolean,
  Array,
  Map,
  Uint8Array,
  Buffer,
])
