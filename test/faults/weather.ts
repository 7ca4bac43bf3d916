/** What a bad network does to datagrams, one after the other: pure, and the same again for the same seed. */
import { seeded } from '../wire/seeded.js'

/** From 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  const { int } = seeded(seed)
  return () => int(2 ** 32) / 2 ** 32
}

export interface Weather {
  /** Shares from 0 to 1, of all datagrams. */
  readonly drop?: number
  readonly corrupt?: number
  readonly duplicate?: number
  /** Held back by `reorderMs`, so that those behind it come first. */
  readonly reorder?: number
  readonly reorderMs?: number
  /** Once one is dropped, so many in all are. */
  readonly burst?: number
  /** Milliseconds for each way, and how much of it comes and goes at random. */
  readonly delayMs?: number
  readonly jitterMs?: number
  /** Each way; what waits longer than `queueMs` is dropped. */
  readonly bitsPerSecond?: number
  readonly queueMs?: number
  /** Nothing passes for `forMs` at the beginning of each `everyMs`, but for the first time. */
  readonly blackhole?: { readonly everyMs: number; readonly forMs: number }
}

/** When to deliver a datagram, in milliseconds from now, and whether it is damaged. */
export interface Delivery {
  readonly inMs: number
  readonly isDamaged: boolean
}

/** One way through the network. */
export class Path {
  readonly #weather: Weather
  readonly #random: () => number
  readonly #startedMs: number
  #dropping = 0
  /** When the line has sent all that it was given. */
  #freeAtMs = 0

  /** @param random from 0 to 1 */
  constructor(weather: Weather, random: () => number, nowMs: number) {
    this.#weather = weather
    this.#random = random
    this.#startedMs = nowMs
  }

  /** None when it is lost, two when it is doubled. */
  deliveries(bytes: number, nowMs: number): Delivery[] {
    if (this.#isLost(nowMs)) return []
    const queuedMs = this.#queue(bytes, nowMs)
    if (queuedMs === undefined) return []
    const { corrupt = 0, duplicate = 0 } = this.#weather
    const isDamaged = this.#happens(corrupt)
    const one = { inMs: queuedMs + this.#delayMs(), isDamaged }
    return this.#happens(duplicate) ? [one, { ...one, inMs: queuedMs + this.#delayMs() }] : [one]
  }

  #isLost(nowMs: number): boolean {
    const { drop = 0, burst = 1, blackhole } = this.#weather
    if (blackhole !== undefined) {
      const at = nowMs - this.#startedMs
      if (at >= blackhole.everyMs && at % blackhole.everyMs < blackhole.forMs) return true
    }
    if (this.#dropping === 0 && this.#happens(drop / burst)) this.#dropping = burst
    if (this.#dropping === 0) return false
    this.#dropping--
    return true
  }

  /** Milliseconds until the line has sent it; undefined when it waits for too much. */
  #queue(bytes: number, nowMs: number): number | undefined {
    const { bitsPerSecond, queueMs = 200 } = this.#weather
    if (bitsPerSecond === undefined) return 0
    const waitMs = Math.max(0, this.#freeAtMs - nowMs)
    if (waitMs > queueMs) return undefined
    this.#freeAtMs = nowMs + waitMs + (bytes * 8000) / bitsPerSecond
    return this.#freeAtMs - nowMs
  }

  #delayMs(): number {
    const { delayMs = 0, jitterMs = 0, reorder = 0, reorderMs = 10 } = this.#weather
    return delayMs + this.#random() * jitterMs + (this.#happens(reorder) ? reorderMs : 0)
  }

  #happens(share: number): boolean {
    return share > 0 && this.#random() < share
  }
}
