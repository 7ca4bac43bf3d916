/** The only place that reads the machine's time or starts a timer: tests put their own clock in its place. */
export interface Clock {
  /** UNIX time in milliseconds, for what is written on the wire. May jump. */
  unixMs(): number
  /** Milliseconds from an arbitrary start that never go back, for measuring durations. */
  monotonicMs(): number
  /** Calls `run` once after `ms` milliseconds; the returned function cancels it. Never keeps the process alive by itself. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  unixMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
