import { turn } from './frames.js'

/**
 * Waits, turn by turn, until `count()` has been the same for `forMs`. Longer than the 25 ms that QUIC may put an
 * acknowledgement off and the timers of its loss recovery, so that what still could move has moved.
 * @returns the count @throws when it never comes to rest
 */
export async function quiet(count: () => number, forMs = 200, withinMs = 15_000): Promise<number> {
  const start = performance.now()
  let last = count()
  let since = start
  for (let now = start; now - start < withinMs; now = performance.now()) {
    await turn()
    const current = count()
    if (current !== last) {
      last = current
      since = now
    } else if (now - since >= forMs) return last
  }
  throw new Error(`still counting after ${withinMs} ms, at ${last}`)
}
