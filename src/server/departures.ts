import type { Clock } from '../clock.js'
import { putLast } from '../transport/source-rate.js'

/** How long who was here is remembered: an outage of a network is over by then, or a validator's restart. */
const REMEMBERED_MS = 3_600_000

/** Who left within the last hour: a hotkey, or where one came from. */
export class Departures {
  readonly #clock: Clock
  readonly #most: number
  readonly #leftAt = new Map<string, number>()

  /** @param most that are remembered; beyond, who left first is forgotten */
  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  left(who: string): void {
    putLast(this.#leftAt, who, this.#clock.monotonicMs(), this.#most)
  }

  isBack(who: string): void {
    this.#leftAt.delete(who)
  }

  has(who: string): boolean {
    const at = this.#leftAt.get(who)
    return at !== undefined && this.#clock.monotonicMs() - at < REMEMBERED_MS
  }
}
