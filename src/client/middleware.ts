import type { SynapseDefinition } from '../contract/definition.js'
import { LevinError } from '../errors.js'
import { isTraceparent } from '../wire/messages.js'
import type { Axon } from './axon.js'
import type { Answer } from './query.js'

/** A call on its way out, as middleware sees it. */
export interface OutgoingQuery {
  readonly axon: Axon
  readonly synapse: SynapseDefinition
  /** As the caller gave it: it is validated, and encoded, before. */
  readonly request: unknown
  /** The caller's; it ends waits of a middleware too. */
  readonly signal: AbortSignal | undefined
  /** Milliseconds until the call's deadline; `Infinity` when it has none. */
  remainingMs(): number
}

/** What a middleware may send along with a call. */
export interface Onward {
  /** A W3C trace context, `00-{trace id}-{span id}-{flags}`. Only a Levin miner is sent it, as `call.traceparent`. */
  readonly traceparent?: string | undefined
}

/**
 * Goes on to the next middleware, and at last to the miner. Of a stream, `data` is an iterable of its chunks. May be
 * called again, which asks the miner again, for synapses whose definition says `idempotent: true`, and for no others.
 */
export type QueryNext = (onward?: Onward) => Promise<Answer<unknown>>

/**
 * Runs around each call through the pool, in the order of `use`.
 *
 * @example
 * const logged: QueryMiddleware = async (query, next) => {
 *   const answer = await next()
 *   console.log(query.axon.hotkey, query.synapse.name, answer.latencyMs)
 *   return answer
 * }
 */
export type QueryMiddleware = (query: OutgoingQuery, next: QueryNext) => Promise<Answer<unknown>>

/** @param innermost asks the miner */
export function runMiddleware(
  middleware: readonly QueryMiddleware[],
  query: OutgoingQuery,
  innermost: (onward: Onward) => Promise<Answer<unknown>>,
  at = 0,
  onward: Onward = {},
): Promise<Answer<unknown>> {
  const policy = middleware[at]
  if (policy === undefined) return innermost(onward)
  const name = policy.name === '' ? 'a middleware without a name' : `middleware '${policy.name}'`
  let wasCalled = false
  const next = async (added: Onward = {}): Promise<Answer<unknown>> => {
    if (wasCalled && query.synapse.options.idempotent !== true) {
      throw new LevinError(
        'CONFIG',
        `${name} called next() twice for synapse '${query.synapse.name}', whose definition does not say idempotent: true`,
      )
    }
    wasCalled = true
    const { traceparent = onward.traceparent } = added
    if (traceparent !== undefined && !isTraceparent(traceparent))
      throw new LevinError('CONFIG', `${name} gave next() a traceparent that is not of W3C Trace Context`)
    return runMiddleware(middleware, query, innermost, at + 1, { traceparent })
  }
  return Promise.resolve(policy(query, next)).then((answer: Answer<unknown> | undefined) => {
    if (answer !== undefined) return answer
    throw new LevinError('CONFIG', `${name} returned nothing; write return next()`)
  })
}
