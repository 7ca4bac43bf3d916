/** What a validator counts and tells of the miners that it asks through its pool. */
import type { Clock } from '../clock.js'
import type { Door } from '../doors/door.js'
import type { LevinError, LevinErrorCode } from '../errors.js'
import type { Logger } from '../logger.js'
import { Observers as EventObservers } from '../observers.js'
import type { Axon } from './axon.js'
import { Histogram } from './histogram.js'

/** A call is over. */
export interface QueryEvent {
  readonly axon: Axon
  /** The synapse's name. */
  readonly synapse: string
  readonly outcome: 'answered' | LevinErrorCode
  /** Milliseconds from the call to its end, connecting included. */
  readonly durationMs: number
  /** Why it failed. */
  readonly error: LevinError | undefined
}

/** An address was reached, could not be reached, or was lost. */
export interface MinerConnectionEvent {
  /** `reached`: by HTTP, where nobody proves who he is. */
  readonly state: 'authenticated' | 'reached' | 'failed' | 'closed'
  readonly host: string
  readonly port: number
  /** By which it answers, or did last; undefined when it never did. */
  readonly door: Door | undefined
  /** SS58 of the miner that proved itself; undefined with `failed`, and by HTTP. */
  readonly hotkey: string | undefined
  /** Why, unless it was reached. */
  readonly error: LevinError | undefined
  /** Milliseconds for which it is not tried again, with `failed`. */
  readonly retryInMs: number | undefined
  /** Milliseconds that the attempt took, handshake included; undefined with `closed`. */
  readonly durationMs: number | undefined
}

export interface ValidatorEvents {
  readonly call: QueryEvent
  readonly connection: MinerConnectionEvent
}

const KINDS: readonly (keyof ValidatorEvents)[] = ['call', 'connection']

export class Observers extends EventObservers<ValidatorEvents> {
  constructor(logger: Logger, clock: Clock) {
    super(logger, clock, KINDS)
  }
}

/** What is counted of one miner, since the validator knows it. */
export class MinerTally {
  bytesOut = 0
  bytesIn = 0
  running = 0
  answered = 0
  readonly failed: Partial<Record<LevinErrorCode, number>> = {}
  readonly latency = new Histogram()
  clockSkewSeconds: number | undefined

  fail(code: LevinErrorCode): void {
    this.failed[code] = (this.failed[code] ?? 0) + 1
  }
}
