/**
 * What a connection is allowed, as a table. Pure. Who the peer is hangs on this object and never on its address.
 *
 * A connection may prove itself more than once: a validator that looks for several miners at one address sends a
 * handshake for each, on one connection. It must be the same validator each time.
 */
export type SessionState = 'anonymous' | 'proving' | 'authenticated' | 'reproving' | 'closed'
export type SessionEvent = 'handshake' | 'accepted' | 'refused' | 'closed'

const TRANSITIONS: Readonly<Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>> = {
  anonymous: { handshake: 'proving', closed: 'closed' },
  proving: { accepted: 'authenticated', refused: 'anonymous', closed: 'closed' },
  authenticated: { handshake: 'reproving', closed: 'closed' },
  reproving: { accepted: 'authenticated', refused: 'authenticated', closed: 'closed' },
  closed: {},
}

export class Session {
  #state: SessionState = 'anonymous'
  #hotkey: string | undefined

  get state(): SessionState {
    return this.#state
  }

  /** The validator that this connection belongs to, once it has proved so. */
  get hotkey(): string | undefined {
    return this.#hotkey
  }

  /** Whether synapses are answered. */
  get isAuthenticated(): boolean {
    return this.#state === 'authenticated' || this.#state === 'reproving'
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
    return true
  }

  #step(event: SessionEvent): boolean {
    const next = TRANSITIONS[this.#state][event]
    if (next === undefined) return false
    this.#state = next
    return true
  }
}
