/** How often an address may try: strangers cost a signature check, or at least the reading of a request, each time. */
import type { Clock } from '../clock.js'
import { sourceKey } from '../transport/source-key.js'
import { type Attempt, SourceRate } from '../transport/source-rate.js'
import { Departures } from './departures.js'

/** Addresses that validators left: more than there are validators. */
const MAX_LEFT = 10_000
/** An address where a validator is, or was within the hour, may try more often: several may share it. */
const KNOWN_FACTOR = 10

export class HandshakeRate {
  readonly #perMinute: number
  readonly #rate: SourceRate
  /** Connections of validators from there. */
  readonly #here = new Map<string, number>()
  /** Where the last of them ended. */
  readonly #departures: Departures

  /** @param perMinute attempts of one address in a sliding minute; ten times as many where a validator is */
  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute
    this.#rate = new SourceRate(clock)
    this.#departures = new Departures(clock, MAX_LEFT)
  }

  attempt(host: string): Attempt {
    return this.#rate.attempt(host, this.most(host))
  }

  /** How often an address may try in a minute. */
  most(host: string): number {
    return (this.isKnown(host) ? KNOWN_FACTOR : 1) * this.#perMinute
  }

  /** A connection from there belongs to a validator now. */
  arrived(host: string): void {
    const source = sourceKey(host)
    this.#here.set(source, (this.#here.get(source) ?? 0) + 1)
  }

  /** Such a connection ended. */
  left(host: string): void {
    const source = sourceKey(host)
    const others = (this.#here.get(source) ?? 0) - 1
    if (others > 0) this.#here.set(source, others)
    else {
      this.#here.delete(source)
      this.#departures.left(source)
    }
  }

  /** Whether a validator is connected from there, or was within the last hour. */
  isKnown(host: string): boolean {
    const source = sourceKey(host)
    return this.#here.has(source) || this.#departures.has(source)
  }
}
