import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 10
const NS_PER_MS = 1e6

export interface LoopDelay {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** How late timers are, which is how long the event loop is held up. */
export class LoopDelayMeter {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  start(): void {
    this.#histogram.enable()
  }

  /** Since the last time it was asked. */
  take(): LoopDelay {
    const late = (ns: number): number => (ns > 0 ? Math.max(0, ns / NS_PER_MS - RESOLUTION_MS) : 0)
    const delay = {
      p50Ms: late(this.#histogram.percentile(50)),
      p99Ms: late(this.#histogram.percentile(99)),
      maxMs: late(this.#histogram.max),
    }
    this.#histogram.reset()
    return delay
  }

  stop(): void {
    this.#histogram.disable()
  }
}
