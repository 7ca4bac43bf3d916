/** How often an address may try: strangers cost a signature check, or at least the reading of a request, each time. */
import type { Clock } from '../clock.js'
import { sourceKey } from '../transport/source-key.js'

const WINDOW_MS = 60_000
/** PROTOCOL: addresses that are kept an eye on; beyond, the one that was active least lately is forgotten. */
const MAX_SOURCES = 10_000
/** An address from which a validator proved itself within this time may try more often: several may share it. */
const KNOWN_MS = 3_600_000
const KNOWN_FACTOR = 10

export interface Attempt {
  readonly allowed: boolean
  /** Attempts of this address within the last minute, this one included. */
  readonly rate: number
}

export class HandshakeRate {
  readonly #clock: Clock
  readonly #perMinute: number
  /** When each address tried, oldest first; addresses in the order of their last attempt. */
  readonly #attempts = new Map<string, number[]>()
  /** When a validator last proved itself from there. */
  readonly #known = new Map<string, number>()

  /** @param perMinute attempts of one address in a sliding minute; ten times as many where somebody has proved himself */
  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute
    this.#clock = clock
  }

  /** Addresses in memory. */
  get size(): number {
    return this.#attempts.size
  }

  /** Counts an attempt. One that is not allowed counts no further, so that trying on does not lock out for longer. */
  attempt(host: string): Attempt {
    const now = this.#clock.monotonicMs()
    const source = sourceKey(host)
    const times = this.#attempts.get(source) ?? []
    while (times.length > 0 && times[0]! <= now - WINDOW_MS) times.shift()
    const allowed = times.length < (this.isKnown(host) ? KNOWN_FACTOR : 1) * this.#perMinute
    if (allowed) times.push(now)
    this.#attempts.delete(source)
    this.#attempts.set(source, times)
    if (this.#attempts.size > MAX_SOURCES) forgetOldest(this.#attempts)
    return { allowed, rate: allowed ? times.length : times.length + 1 }
  }

  /** A validator proved itself from there. */
  authenticated(host: string): void {
    const source = sourceKey(host)
    this.#known.delete(source)
    this.#known.set(source, this.#clock.monotonicMs())
    if (this.#known.size > MAX_SOURCES) forgetOldest(this.#known)
  }

  /** Whether a validator proved itself from there within the last hour. */
  isKnown(host: string): boolean {
    const at = this.#known.get(sourceKey(host))
    return at !== undefined && this.#clock.monotonicMs() - at < KNOWN_MS
  }
}

function forgetOldest(table: Map<string, unknown>): void {
  for (const oldest of table.keys()) {
    table.delete(oldest)
    return
  }
}
