/** A program that ran for so long was well, whatever ended it. */
const HEALTHY_MS = 60_000
const FIRST_BACKOFF_MS = 1000
const MOST_BACKOFF_MS = 60_000

/** When a program that ended is started again. Pure: at once the first time, and later each time that it did not run well. */
export class Restarts {
  #failures = 0

  /** @param ranForMs how long the program ran that has just ended @returns milliseconds to wait */
  delayAfter(ranForMs: number): number {
    if (ranForMs >= HEALTHY_MS) this.#failures = 0
    this.#failures++
    if (this.#failures === 1) return 0
    return Math.min(FIRST_BACKOFF_MS * 2 ** (this.#failures - 2), MOST_BACKOFF_MS)
  }
}
