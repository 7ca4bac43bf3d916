import type { Clock } from './clock.js'

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
