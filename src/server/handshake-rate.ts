/** How often an address may try: strangers cost a signature check, or at least the reading of a request, each time. */
import type { Clock } from '../clock.js'
import { sourceKey } from '../transport/source-key.js'
import { type Attempt, putLast, SourceRate } from '../transport/source-rate.js'

/** Addresses at which validators proved themselves: more than there are validators. */
const MAX_KNOWN = 10_000
/** An address from which a validator proved itself within this time may try more often: several may share it. */
const KNOWN_MS = 3_600_000
const KNOWN_FACTOR = 10

export class HandshakeRate {
  readonly #clock: Clock
  readonly #perMinute: number
  readonly #rate: SourceRate
  /** When a validator last proved itself from there. */
  readonly #known = new Map<string, number>()

  /** @param perMinute attempts of one address in a sliding minute; ten times as many where somebody has proved himself */
  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute
    this.#clock = clock
    this.#rate = new SourceRate(clock)
  }

  attempt(host: string): Attempt {
    return this.#rate.attempt(host, (this.isKnown(host) ? KNOWN_FACTOR : 1) * this.#perMinute)
  }

  /** A validator proved itself from there. */
  authenticated(host: string): void {
    putLast(this.#known, sourceKey(host), this.#clock.monotonicMs(), MAX_KNOWN)
  }

  /** Whether a validator proved itself from there within the last hour. */
  isKnown(host: string): boolean {
    const at = this.#known.get(sourceKey(host))
    return at !== undefined && this.#clock.monotonicMs() - at < KNOWN_MS
  }
}
