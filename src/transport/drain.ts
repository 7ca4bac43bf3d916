import { type Clock, settles } from '../clock.js'
import type { Link } from './link.js'

/** What the last answers have at least to arrive: a few round trips of the farthest peer. */
const LEAST_FLUSH_MS = 2000

/**
 * Closes connections with an application's `reason` when their peers have what was written to them.
 * @param flushMs milliseconds that it waits at most; 2,000 when that is more. Default 2,000
 */
export async function closeFlushed(
  links: () => Iterable<Link>,
  reason: string,
  clock: Clock,
  flushMs = LEAST_FLUSH_MS,
): Promise<void> {
  const flushed = Promise.all([...links()].map((link) => link.flushed()))
  await settles(clock, Math.max(flushMs, LEAST_FLUSH_MS), flushed)
  for (const link of [...links()]) link.close(0, reason)
}
