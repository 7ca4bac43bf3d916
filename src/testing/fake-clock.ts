import type { Clock } from '../clock.js'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** A clock that stands still until it is moved by hand. */
export class FakeClock implements Clock {
  #elapsed = 0
  readonly #timers = new Set<Timer>()
  readonly #startMs: number

  constructor(startMs = 1_795_252_073_400) {
    this.#startMs = startMs
  }

  unixMs(): number {
    return this.#startMs + this.#elapsed
  }

  monotonicMs(): number {
    return this.#elapsed
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#elapsed + ms, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that are set and did not run. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets `ms` milliseconds pass, and runs what was due in them in its order. */
  advance(ms: number): void {
    const end = this.#elapsed + ms
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer)
      this.#elapsed = timer.at
      timer.run()
    }
    this.#elapsed = end
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer
    }
    return next
  }
}
