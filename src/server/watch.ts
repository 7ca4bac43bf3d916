/** What a miner counts and tells: typed, cheap when nobody listens, and no way for a listener to harm it. */
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Address, CloseInfo } from '../transport/link.js'

/** What became of a call. `refused` by a middleware, `invalid` by its request class, `aborted` by its caller or by our stop. */
export type CallOutcome = 'answered' | 'refused' | 'invalid' | 'failed' | 'timedOut' | 'aborted'

/** A handshake was answered. */
export interface HandshakeEvent {
  readonly accepted: boolean
  /** Why not; undefined when accepted. In words that never reach the peer. */
  readonly reason: string | undefined
  /** SS58 as the peer claimed it, at most 64 characters; proved when accepted. Empty when the request could not be read. */
  readonly hotkey: string
  readonly remote: Address
  /** Seconds that the peer's clock is ahead of ours, by the request's timestamp; undefined when it could not be read. */
  readonly skewSeconds: number | undefined
  /** Handshakes of this address in the last minute, this one included. */
  readonly rate: number
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

type Listener<E> = (event: E) => void
type Listeners = { [K in keyof MinerEvents]: Listener<MinerEvents[K]>[] }

export class Observers {
  readonly #listeners: Listeners = { handshake: [], connection: [], call: [], blocked: [] }
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * @returns what takes the listener away again
   * @throws LevinError CONFIG for what never happens, or cannot be called
   */
  on<K extends keyof MinerEvents>(kind: K, listener: Listener<MinerEvents[K]>): () => void {
    if (!Object.hasOwn(this.#listeners, kind)) {
      const kinds = Object.keys(this.#listeners).join(', ')
      throw new LevinError('CONFIG', `on(): there is no event '${String(kind)}'; there are ${kinds}`)
    }
    if (typeof listener !== 'function') {
      throw new LevinError('CONFIG', `on(): the listener for '${kind}' is not a function`)
    }
    const listeners: Listener<MinerEvents[K]>[] = this.#listeners[kind]
    listeners.push(listener)
    return () => {
      const at = listeners.indexOf(listener)
      if (at >= 0) listeners.splice(at, 1)
    }
  }

  /** Whether an event of this kind is worth making. */
  hears(kind: keyof MinerEvents): boolean {
    return this.#listeners[kind].length > 0
  }

  /** Tells each listener; one that throws, now or later, is an entry in the log, and no more. */
  tell<K extends keyof MinerEvents>(kind: K, event: MinerEvents[K]): void {
    const failed = (error: unknown): void => this.#logger.error(`a listener for '${kind}' threw`, { error })
    for (const listener of [...this.#listeners[kind]]) {
      try {
        const told: unknown = (listener as Listener<MinerEvents[K]>)(event)
        if (told instanceof Promise) told.catch(failed) // an async function is a listener too
      } catch (error) {
        failed(error)
      }
    }
  }
}
