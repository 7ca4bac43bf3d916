import type { Address } from '../transport/link.js'
import type { Egress } from './egress.js'
import type { LoopPlace } from './fair-loop.js'
import type { MinerLimits } from './limits.js'

/**
 * What a connection is allowed, as a table. Pure. Who the peer is hangs on this object and never on its address.
 *
 * A connection may prove itself more than once: a validator that looks for several miners at one address sends a
 * handshake for each, on one connection. It must be the same validator each time.
 */
export type SessionState = 'anonymous' | 'proving' | 'authenticated' | 'reproving' | 'leaving' | 'closed'
export type SessionEvent = 'handshake' | 'accepted' | 'refused' | 'replaced' | 'closed'

const TRANSITIONS: Readonly<Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>> = {
  anonymous: { handshake: 'proving', closed: 'closed' },
  proving: { accepted: 'authenticated', refused: 'anonymous', closed: 'closed' },
  authenticated: { handshake: 'reproving', replaced: 'leaving', closed: 'closed' },
  reproving: { accepted: 'authenticated', refused: 'authenticated', replaced: 'leaving', closed: 'closed' },
  leaving: { closed: 'closed' },
  closed: {},
}

/** Of what a stranger may send in datagrams: streams carry no more of it, whatever else there is. */
const STREAM_SHARE = 2 / 3

export class Session {
  readonly remote: Address
  readonly door = 'quic'
  readonly egress: Egress
  /** Its validator's, once it has proved who it is. */
  place: LoopPlace | undefined
  #state: SessionState = 'anonymous'
  #hotkey: string | undefined
  #running = 0
  #streamsLeft: number
  #bytesLeft: number
  #whenIdle: (() => void) | undefined
  #whenAccepted: (() => void) | undefined

  /**
   * @param limits of strangers, in all: a handshake takes one stream and 190 bytes
   * @param egress what waits on its connection
   */
  constructor(
    remote: Address,
    limits: Pick<MinerLimits, 'strangerStreams' | 'strangerBytes'>,
    egress: Egress,
  ) {
    this.remote = remote
    this.egress = egress
    this.#streamsLeft = limits.strangerStreams
    this.#bytesLeft = Math.floor(limits.strangerBytes * STREAM_SHARE)
  }

  get state(): SessionState {
    return this.#state
  }

  /** The validator that this connection belongs to, once it has proved so; empty before. */
  get hotkey(): string {
    return this.#hotkey ?? ''
  }

  /** The peer opened a stream. @returns false when it has to prove itself first */
  takesStream(): boolean {
    return !this.isStranger || --this.#streamsLeft >= 0
  }

  /** The peer sent so many bytes. @returns false when it has to prove itself first */
  takesBytes(bytes: number): boolean {
    if (!this.isStranger) return true
    this.#bytesLeft -= bytes
    return this.#bytesLeft >= 0
  }

  /** Calls that are being answered. */
  get running(): number {
    return this.#running
  }

  callStarted(): void {
    this.#running++
  }

  callEnded(): void {
    this.#running--
    if (this.#running === 0) this.#whenIdle?.()
  }

  /** Calls `run` at the first handshake that is accepted. */
  whenAccepted(run: () => void): void {
    this.#whenAccepted = run
  }

  /** Calls `run` when no call is running, which may be now. */
  whenIdle(run: () => void): void {
    if (this.#running === 0) run()
    else this.#whenIdle = run
  }

  /** Whether nobody has proved himself here yet. Who leaves is none: what is answered to him must not be cut off. */
  get isStranger(): boolean {
    return this.#hotkey === undefined
  }

  /** Whether synapses are answered. */
  get isAuthenticated(): boolean {
    return this.#state === 'authenticated' || this.#state === 'reproving'
  }

  /** Whether what runs is finished, and nothing new is started. */
  get isLeaving(): boolean {
    return this.#state === 'leaving'
  }

  /** @returns false when the table has no such step: a second handshake while one is being looked at, say */
  apply(event: Exclude<SessionEvent, 'accepted'>): boolean {
    return this.#step(event)
  }

  /** The handshake of `hotkey` was good. @returns false when that is too late, or not who it was before */
  accept(hotkey: string): boolean {
    if (this.#hotkey !== undefined && this.#hotkey !== hotkey) return false
    if (!this.#step('accepted')) return false
    this.#hotkey = hotkey
    this.#whenAccepted?.()
    this.#whenAccepted = undefined
    return true
  }

  #step(event: SessionEvent): boolean {
    const next = TRANSITIONS[this.#state][event]
    if (next === undefined) return false
    this.#state = next
    return true
  }
}
