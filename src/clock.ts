import { setTimeout as setTimeoutPromise } from 'node:timers/promises'

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

/** Resolves after `ms` milliseconds, or when `signal` aborts. It keeps the process alive, which a clock's timer does not. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  setTimeoutPromise(ms, undefined, { signal }).catch(() => {})

/** Waits until `work` has settled, for `ms` milliseconds at most. Never rejects. @returns whether it has settled */
export async function settles(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  let cancelTimer = (): void => {}
  const timeUp = new Promise<boolean>((resolve) => {
    cancelTimer = clock.after(ms, () => resolve(false))
  })
  const yes = () => true
  const hasSettled = await Promise.race([work.then(yes, yes), timeUp])
  cancelTimer()
  return hasSettled
}

/** What `work` comes to. @throws what it rejects with, and `late()` when it has not settled after `ms` milliseconds */
export async function inTime<T>(
  clock: Clock,
  ms: number,
  work: T | Promise<T>,
  late: () => Error,
): Promise<T> {
  const given = Promise.resolve(work)
  if (await settles(clock, ms, given)) return given
  throw late()
}
