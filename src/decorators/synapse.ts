import type { Call } from '../contract/call.js'
import {
  type DtoClass,
  type PlainOptions,
  type StreamOptions,
  type SynapseDefinition,
  type SynapseOptions,
  synapse,
} from '../contract/definition.js'
import type { Handler } from '../contract/handler.js'
import { LevinError } from '../errors.js'
import { firstParameterOf, hasTypes, NO_TYPES, recordHandler, refuseStage3 } from './metadata.js'

type HandlerDecorator<H> = <P extends object, K extends keyof P & (string | symbol), M>(
  prototype: P,
  method: K,
  descriptor: { value?: H } & TypedPropertyDescriptor<M> & TakesCall<M>,
) => void

/** What only the miner's side of a synapse has. */
export interface WorkerOption {
  /**
   * `import.meta.url`, always just that: the method runs in a worker thread, so that one that computes for long does
   * not keep every other call waiting. The class must be exported from this module, which each thread imports, and
   * which therefore must not be where `listen()` is called. Each thread makes an instance of its own. Request, answer
   * and log lines are copied between the threads, what middleware adds to the call as far as it can be copied. Needs
   * the package piscina.
   *
   * When nobody waits any more, `call.signal` aborts; a method that computes without a pause sees it by reading
   * `call.signal.aborted` anew. One that goes on for another second is ended with its thread. Default: the method runs
   * where the miner runs. Not with `stream`.
   */
  readonly worker?: string
}

/** The options of a definition and `worker`, and no key that there is not. */
type HandlerOptions<O extends SynapseOptions> = O &
  WorkerOption &
  Record<Exclude<keyof O, keyof SynapseOptions | keyof WorkerOption>, never>

/** The second parameter is a `Call`, perhaps with what middleware adds; `register` sees that some does. */
type TakesCall<M> = M extends (request: never, call: infer C, ...rest: never[]) => unknown
  ? Call extends C
    ? unknown
    : C extends Call
      ? unknown
      : { value?: (request: never, call: Call) => unknown }
  : unknown

/**
 * The method answers a synapse. It is given the validated request and a `Call`, and returns the answer or a promise of
 * it; for a stream it is a generator (`async *`). A method of another shape does not compile, nor one that is private or
 * protected, of which `register` could not see what it asks of the call.
 *
 * @example
 * \@Synapse(Forecast)                                          // a definition that the validator shares
 * \@Synapse('Forecast', { request: ForecastQuery, response: ForecastAnswer })
 * \@Synapse(Forecast, { worker: import.meta.url })             // in a worker thread
 * @throws LevinError CONFIG when the options contradict each other, or when there is no request class to be found
 */
export function Synapse<O extends PlainOptions | StreamOptions>(
  definition: SynapseDefinition<O>,
  options?: WorkerOption,
): HandlerDecorator<Handler<O, never>>
export function Synapse<const O extends PlainOptions | StreamOptions = Record<never, never>>(
  name: string,
  options?: HandlerOptions<O>,
): HandlerDecorator<O extends { request: DtoClass } ? Handler<O, never> : UntypedRequest<O>>
export function Synapse(
  nameOrDefinition: string | SynapseDefinition,
  options: (PlainOptions | StreamOptions) & WorkerOption = {},
) {
  return (prototype: object, method: string | symbol): void => {
    refuseStage3('@Synapse', method)
    if (typeof prototype === 'function') {
      throw new LevinError(
        'CONFIG',
        `${prototype.name}.${String(method)}: an instance answers synapses; this method is static`,
      )
    }
    const { worker, ...contract } = options
    const definition =
      typeof nameOrDefinition === 'string'
        ? synapse(nameOrDefinition, withRequest(contract, prototype, method, nameOrDefinition))
        : nameOrDefinition
    const where = `${prototype.constructor.name}.${String(method)}`
    if (definition === nameOrDefinition) refuseContract(contract, where)
    if (worker !== undefined) refuseUnfit(worker, definition, where)
    recordHandler(prototype, { method, definition, ...(worker !== undefined && { worker }) })
  }
}

/** Beside a definition there is only `worker`: what it says is the same on both ends. */
function refuseContract(contract: object, where: string): void {
  const [key] = Object.keys(contract)
  if (key === undefined) return
  throw new LevinError(
    'CONFIG',
    `${where}: '${key}' beside a definition: it belongs in synapse(...), where the definition is made; beside it ` +
      'there is only worker',
  )
}

function refuseUnfit(worker: unknown, { name, options }: SynapseDefinition, where: string): void {
  if (typeof worker !== 'string' || !worker.startsWith('file:')) {
    throw new LevinError('CONFIG', `${where}: worker of synapse '${name}' is import.meta.url, just that`)
  }
  if (options.stream !== undefined) {
    throw new LevinError(
      'CONFIG',
      `${where}: synapse '${name}' is a stream, which does not run in a worker thread: leave worker out, or answer once`,
    )
  }
}

/** Without a named request class the method's own parameter says it, and only at run time. */
type UntypedRequest<O extends PlainOptions | StreamOptions> =
  Handler<O, never> extends (request: never, ...rest: infer R) => infer A
    ? (request: never, ...rest: R) => A
    : never

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
      `(@Synapse('${name}', { request: YourQuery })), or declare the synapse with synapse('${name}', {}) to take any map` +
      (hasTypes(prototype, method)
        ? ''
        : `. It would be the class of the method's parameter, but ${NO_TYPES}`),
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
