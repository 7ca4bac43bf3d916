import type { Clock } from '../clock.js'

/** So many a second on average, and so many at once. Refilled when it is asked: there is no timer. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  readonly #clock: Clock
  #tokens: number
  #at: number

  constructor(perSecond: number, burst: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#clock = clock
    this.#tokens = burst
    this.#at = clock.monotonicMs()
  }

  /** Whether it is as good as a new one. */
  get isFull(): boolean {
    return this.#refill() === this.#burst
  }

  /** Takes one. @returns false when there is none */
  take(): boolean {
    if (this.#refill() < 1) return false
    this.#tokens--
    return true
  }

  #refill(): number {
    const now = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    return this.#tokens
  }
}
