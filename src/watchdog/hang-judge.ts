/** How often the loop says that it turns, and how often that is looked at. */
export const BEAT_MS = 100

/**
 * Whether a loop hangs. Pure. Time counts only while the watchdog itself runs: after the machine slept, or the process was
 * stopped and went on (SIGSTOP), its own look comes late, too, and says nothing about the loop.
 */
export class HangJudge {
  readonly #hangMs: number
  #beats: number | undefined
  #lookedAtMs = 0
  #stillMs = 0

  /** @param hangMs milliseconds without a beat that are a hang */
  constructor(hangMs: number) {
    this.#hangMs = hangMs
  }

  /**
   * To be asked each `BEAT_MS`.
   * @param beats how often the loop has said that it turns
   * @param isExcused whether it may stand still now: a debugger holds it
   * @returns milliseconds for which it has stood still, when that is a hang
   */
  look(beats: number, nowMs: number, isExcused: boolean): number | undefined {
    const sinceMs = Math.min(nowMs - this.#lookedAtMs, 2 * BEAT_MS)
    const isStill = beats === this.#beats && !isExcused
    this.#stillMs = isStill ? this.#stillMs + sinceMs : 0
    this.#beats = beats
    this.#lookedAtMs = nowMs
    return this.#stillMs >= this.#hangMs ? Math.round(this.#stillMs) : undefined
  }
}
