/** What a miner counts and tells. */
import type { Clock } from '../clock.js'
import type { Door } from '../doors/door.js'
import type { Logger } from '../logger.js'
import { Observers as EventObservers } from '../observers.js'
import type { Address, CloseInfo } from '../transport/link.js'

/** What became of a call. `refused` by a middleware, `invalid` by its request class, `aborted` by its caller or by our stop. */
export type CallOutcome = 'answered' | 'refused' | 'invalid' | 'failed' | 'timedOut' | 'aborted'

/** A handshake was answered. */
export interface HandshakeEvent {
  readonly accepted: boolean
  /** Why not; undefined when accepted. In words that never reach the peer. */
  readonly reason: string | undefined
  /** SS58 as the peer claimed it, escaped and cut after 64 characters; proved when accepted. Empty when the request could not be read. */
  readonly hotkey: string
  readonly remote: Address
  /** Seconds that the peer's clock is ahead of ours, by the request's timestamp; undefined when it could not be read. */
  readonly skewSeconds: number | undefined
  /** Handshakes of this address in the last minute, this one included. */
  readonly rate: number
  /** Milliseconds from the request to its answer. */
  readonly durationMs: number
}

/** A validator came or went. */
export interface ConnectionEvent {
  readonly state: 'authenticated' | 'closed'
  readonly hotkey: string
  readonly remote: Address
  /** How it ended, with `closed`. */
  readonly closed: CloseInfo | undefined
}

/** What became of a call is settled. Its handler may still run, when it does not heed `call.signal`. */
export interface CallEvent {
  readonly id: string
  readonly synapse: string
  /** SS58 of the validator. */
  readonly caller: string
  readonly door: Door
  readonly outcome: CallOutcome
  /** Milliseconds from the request to the answer's last byte handed to the transport. */
  readonly durationMs: number
  /** What was thrown, with `refused`, `invalid`, `failed` and `timedOut`. */
  readonly error: unknown
}

/** The event loop stood still. */
export interface BlockedEvent {
  readonly ms: number
  /** The synapse whose handler did it; undefined when it cannot be told. */
  readonly synapse: string | undefined
}

export interface MinerEvents {
  readonly handshake: HandshakeEvent
  readonly connection: ConnectionEvent
  readonly call: CallEvent
  readonly blocked: BlockedEvent
}

/** Calls of one synapse since the miner started. */
export type CallTally = Record<CallOutcome, number> & {
  /** On their way now, those included whose handler goes on past its deadline. */
  running: number
}

export const newTally = (): CallTally => ({
  running: 0,
  answered: 0,
  refused: 0,
  invalid: 0,
  failed: 0,
  timedOut: 0,
  aborted: 0,
})

const KINDS: readonly (keyof MinerEvents)[] = ['handshake', 'connection', 'call', 'blocked']

export class Observers extends EventObservers<MinerEvents> {
  constructor(logger: Logger, clock: Clock) {
    super(logger, clock, KINDS)
  }
}
