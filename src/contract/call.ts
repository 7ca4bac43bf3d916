import type { Door } from '../doors/door.js'
import type { Logger } from '../logger.js'
import type { Address } from '../transport/link.js'
import type { EncodedMap } from '../wire/value.js'

/**
 * One request as its handler and the middleware see it. A class, so that a handler class of scope `call` can ask for it
 * in its constructor.
 */
export abstract class Call {
  /** 16 hex digits; in every log line about this call. Its caller reads it when the call fails by an error with a `code`. */
  abstract readonly id: string
  /** SS58 hotkey of the validator that asks, proved by its handshake, or by HTTP by the request's signature. */
  abstract readonly caller: string
  abstract readonly remote: Address
  /** How it asks. By HTTP, `data` is the request's JSON as MessagePack. */
  abstract readonly door: Door
  /** The synapse's name. */
  abstract readonly synapse: string
  /** The request's data exactly as it came, still encoded: to hash it, to relay it, or to answer it unchanged. */
  abstract readonly data: EncodedMap
  /**
   * The W3C trace context that a Levin validator sent along; undefined from all others. It is the caller's word, and no
   * more than an id.
   */
  abstract readonly traceparent: string | undefined
  /** UNIX milliseconds at which the caller is told `handler timed out`. */
  abstract readonly deadline: number
  /** Brings the deadline forward to `ms` milliseconds from now; never puts it off. */
  abstract limitTo(ms: number): void
  /** Aborted when nobody waits for the answer any more: the time is up, the caller is gone, the miner stops. */
  abstract readonly signal: AbortSignal
  /**
   * Calls `run` once when the call is over: the handler is done and its answer or the last chunk of its stream is
   * written, or nobody waits any more and the handler has stopped.
   */
  abstract onDone(run: () => void): void
  /** Lines that carry the call's id, caller and synapse. */
  abstract readonly log: Logger
}
