/** A clean end for a program that is told to stop. */
import { constants } from 'node:os'
import { systemClock } from './clock.js'
import { pinoLogger } from './pino-logger.js'

/** How long a process whose miners are closed may take to end by itself: enough to write its last lines. */
const EXIT_AFTER_MS = 1_000

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Closes all of these at the first SIGTERM or SIGINT, and ends the process when they are closed: a miner lets its
 * running calls finish, for up to its `drainMs`. The exit code is 0, or what `process.exitCode` says; 1 when a close
 * failed, which is written on standard error. A second signal ends the process at once, with 128 and the signal's
 * number. Call it once, with all that there is to close.
 *
 * @example
 * await miner.listen()
 * closeOnSignals(miner)
 * @returns what takes the handlers away again
 */
export function closeOnSignals(...closables: { close(): unknown }[]): () => void {
  let isClosing = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isClosing) process.exit(128 + constants.signals[signal])
    isClosing = true
    void closeAll(closables).then((allClosed) => {
      remove()
      // Set also to 0: a program that ends while it awaits something at its top level would end with 13.
      process.exitCode = allClosed ? (process.exitCode ?? 0) : 1
      systemClock.after(EXIT_AFTER_MS, () => process.exit())
    })
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
