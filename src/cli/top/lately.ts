/** Pure. Rates and latencies of the last seconds: what was counted now, less what was counted then. */
import type { LatencyHistogram } from '../../client/histogram.js'
import type { Now } from '../../monitor/now.js'

/** As the page has them. */
const RATE_MS = 3_000
const LATENCY_MS = 30_000
/** Answers come about once a second, not at the millisecond. */
const SLACK_MS = 500

type Counts = Pick<LatencyHistogram, 'boundsMs' | 'counts'>

export interface Latency {
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

export class Lately {
  /** The latest is last. */
  #told: Now[] = []

  add(now: Now): void {
    const latest = this.#told.at(-1)
    // Its clock went back: another process is there now, and counts from zero.
    if (latest !== undefined && now.atMs < latest.atMs) this.#told = []
    this.#told = this.#told.filter(({ atMs }) => now.atMs - atMs <= LATENCY_MS + SLACK_MS)
    this.#told.push(now)
  }

  /** How much a total grew each second; undefined as long as there is nothing to compare it with. */
  perSecond(total: (now: Now) => number): number | undefined {
    const { now, before } = this.#since(RATE_MS)
    const seconds = (now.atMs - before.atMs) / 1000
    return seconds === 0 ? undefined : Math.max(0, total(now) - total(before)) / seconds
  }

  /** Of the calls of the last 30 seconds, or of all when there were none. */
  latency(histogramOf: (now: Now) => Counts | undefined): Latency {
    const { now, before } = this.#since(LATENCY_MS)
    const latest = histogramOf(now)
    if (latest === undefined) return { p50Ms: undefined, p99Ms: undefined }
    const old = histogramOf(before)
    const since = latest.counts.map((count, i) => Math.max(0, count - (old?.counts[i] ?? 0)))
    const counts = since.some((count) => count > 0) ? since : latest.counts
    return {
      p50Ms: quantileMs(0.5, { ...latest, counts }),
      p99Ms: quantileMs(0.99, { ...latest, counts }),
    }
  }

  #since(ms: number): { now: Now; before: Now } {
    const now = this.#told.at(-1)!
    return { now, before: this.#told.find(({ atMs }) => now.atMs - atMs <= ms + SLACK_MS)! }
  }
}

/** The counts of several histograms, added up; undefined of none. */
export function sumOf(histograms: readonly (Counts | undefined)[]): Counts | undefined {
  const known = histograms.filter((each) => each !== undefined)
  return known.length === 0
    ? undefined
    : {
        boundsMs: known[0]!.boundsMs,
        counts: known[0]!.counts.map((_, i) => known.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0)),
      }
}

/** Within a bucket, as if its calls were spread evenly; undefined without calls. @param part from 0 to 1 */
export function quantileMs(part: number, { boundsMs, counts }: Counts): number | undefined {
  let left = part * counts.reduce((sum, count) => sum + count, 0)
  if (left === 0) return undefined
  for (const [i, count] of counts.entries()) {
    if (left > count) {
      left -= count
      continue
    }
    const from = boundsMs[i - 1] ?? 0
    return from + ((boundsMs[i] ?? from) - from) * (left / count)
  }
  return boundsMs.at(-1)
}
