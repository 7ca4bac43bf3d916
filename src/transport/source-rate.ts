import type { Clock } from '../clock.js'
import { sourceKey } from './source-key.js'

const MINUTE_MS = 60_000
/** Sources that are kept an eye on; beyond, the one that was active least lately is forgotten. PROTOCOL: so many. */
const MAX_SOURCES = 10_000

export interface Attempt {
  readonly allowed: boolean
  /** Attempts of this source within the last minute, this one included. */
  readonly rate: number
}

/** How often each source tried something within the last minute, to the millisecond. */
export class SourceRate {
  readonly #clock: Clock
  /** When each source tried, oldest first; sources in the order of their last attempt. */
  readonly #attempts = new Map<string, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sources in memory. */
  get size(): number {
    return this.#attempts.size
  }

  /**
   * Counts an attempt. One that is not allowed counts no further, so that trying on does not lock out for longer.
   * @param most that are allowed in a minute
   */
  attempt(host: string, most: number): Attempt {
    const now = this.#clock.monotonicMs()
    const source = sourceKey(host)
    const times = this.#lately(source, now)
    const allowed = times.length < most
    if (allowed) times.push(now)
    putLast(this.#attempts, source, times, MAX_SOURCES)
    return { allowed, rate: allowed ? times.length : times.length + 1 }
  }

  /** Whether another attempt would not be allowed. */
  isOver(host: string, most: number): boolean {
    return this.#attempts.size > 0 && this.#lately(sourceKey(host), this.#clock.monotonicMs()).length >= most
  }

  #lately(source: string, now: number): number[] {
    const times = this.#attempts.get(source) ?? []
    while (times.length > 0 && now - times[0]! >= MINUTE_MS) times.shift()
    return times
  }
}

/** Puts an entry behind all others, and forgets the first one when there are too many. */
export function putLast<V>(table: Map<string, V>, key: string, value: V, most: number): void {
  table.delete(key)
  table.set(key, value)
  if (table.size <= most) return
  for (const first of table.keys()) {
    table.delete(first)
    return
  }
}
