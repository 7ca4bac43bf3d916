import type { Logger } from '../logger.js'
import type { Address } from '../transport/link.js'
import type { EncodedMap } from '../wire/value.js'

/**
 * One request as its handler and the middleware see it. A class, so that a handler class of scope `call` can ask for it
 * in its constructor.
 */
export abstract class Call {
  /** Unique in this process; in every log line about this call. */
  abstract readonly id: string
  /** SS58 hotkey of the validator that asks, proved by its handshake. */
  abstract readonly caller: string
  abstract readonly remote: Address
  /** The synapse's name. */
  abstract readonly synapse: string
  /** The request's data exactly as it came, still encoded: to hash it, to relay it, or to answer it unchanged. */
  abstract readonly data: EncodedMap
  /** UNIX milliseconds at which the caller is told `handler timed out`. */
  abstract readonly deadline: number
  /** Aborted when nobody waits for the answer any more: the time is up, the caller is gone, the miner stops. */
  abstract readonly signal: AbortSignal
  /** Lines that carry the call's id, caller and synapse. */
  abstract readonly log: Logger
}
