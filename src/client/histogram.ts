/** Upper bounds of the buckets, in milliseconds; what is beyond the last is in one more. */
const BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const

/** Latencies in fixed buckets: each count is of its own bucket, not of those below. */
export interface LatencyHistogram {
  /** Upper bound of each bucket, which belongs to it; the last count is of what is above all of them. */
  readonly boundsMs: readonly number[]
  /** One more than there are bounds. */
  readonly counts: readonly number[]
  readonly sumMs: number
}

export class Histogram {
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0)
  #sumMs = 0

  add(ms: number): void {
    let bucket = 0
    while (bucket < BOUNDS_MS.length && ms > BOUNDS_MS[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sumMs += ms
  }

  snapshot(): LatencyHistogram {
    return { boundsMs: BOUNDS_MS, counts: [...this.#counts], sumMs: this.#sumMs }
  }
}
