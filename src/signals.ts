/** A clean end for a program that is told to stop. */
import { constants } from 'node:os'
import { systemClock } from './clock.js'
import { pinoLogger } from './pino-logger.js'

/**
 * One wish to stop may come more than once: a terminal signals all of its programs, and npm passes on what it gets.
 * Nobody who waits in vain decides sooner than this.
 */
const SAME_WISH_MS = 1_000

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

let isEnding = false

/** Whether a signal came, and the process ends when all is closed. */
export const isProcessEnding = (): boolean => isEnding

/**
 * Closes all of these at the first SIGTERM or SIGINT, and ends the process as soon as they are closed: a miner lets its
 * running calls finish, for up to its `drainMs`. The exit code is 0, or what `process.exitCode` says; 1 when a close
 * failed, which is written on standard error. A signal a second later or more ends the process at once, with 128 and
 * the signal's number. Call it once, with all that there is to close.
 *
 * @example
 * closeOnSignals(miner)
 * await miner.listen()
 * @returns what takes the handlers away again
 */
export function closeOnSignals(...closables: { close(): unknown }[]): () => void {
  let closingSince: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = systemClock.monotonicMs()
    if (closingSince === undefined) {
      closingSince = now
      isEnding = true
      void closeAll(closables).then((allClosed) => process.exit(allClosed ? (process.exitCode ?? 0) : 1))
    } else if (now - closingSince >= SAME_WISH_MS) process.exit(128 + constants.signals[signal])
  }
  const remove = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return remove
}

/** @returns whether none failed */
async function closeAll(closables: { close(): unknown }[]): Promise<boolean> {
  const closed = await Promise.allSettled(closables.map(async (each) => each.close()))
  const failed = closed.filter((result) => result.status === 'rejected')
  for (const { reason } of failed) pinoLogger().error('a close failed', { error: reason })
  return failed.length === 0
}
