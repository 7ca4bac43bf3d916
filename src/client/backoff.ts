/** Pure. How long an address is left alone after it failed. Defaults as btlightning. */
export interface ReconnectOptions {
  /** Milliseconds after the first failure; twice as many after each that follows. Default 1,000. */
  readonly firstMs?: number
  /** The longest of these waits, in milliseconds. Default 60,000. */
  readonly mostMs?: number
  /** Failures in a row that are waited for like that; after them comes a probe each `probeMs`. Default 5. */
  readonly fastTries?: number
  /** Milliseconds from probe to probe. Default 60,000. */
  readonly probeMs?: number
  /**
   * By which part, from 0 to 1, a wait may be shorter, drawn anew each time, so that those that failed together do not
   * come back together. Default 0.2.
   */
  readonly jitter?: number
  /** Whether an address is tried again without being asked for, as soon as its wait is over. Default false. */
  readonly background?: boolean
}

export type Reconnecting = Required<ReconnectOptions>

export class Backoff {
  readonly #options: Reconnecting
  #failures = 0
  #dueMs = Number.NEGATIVE_INFINITY

  constructor(options: Reconnecting) {
    this.#options = options
  }

  /** In a row. */
  get failures(): number {
    return this.#failures
  }

  /** Milliseconds until the next try; 0 when it may be now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#dueMs - nowMs)
  }

  /** @param random from 0 up to 1 */
  failed(nowMs: number, random: number): void {
    const { firstMs, mostMs, fastTries, probeMs, jitter } = this.#options
    const doubled = Math.min(firstMs * 2 ** this.#failures, mostMs)
    this.#failures++
    const wholeMs = this.#failures > fastTries ? probeMs : doubled
    this.#dueMs = nowMs + wholeMs * (1 - jitter * random)
  }

  /** What failed before is forgotten. */
  reset(): void {
    this.#failures = 0
    this.#dueMs = Number.NEGATIVE_INFINITY
  }
}
