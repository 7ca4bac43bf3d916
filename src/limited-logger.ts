import type { Clock } from './clock.js'
import { type LogFields, type Logger, type LogLevel, loggerOf } from './logger.js'

/** Lines of one kind in a second, the one with the number of the others included: a person reads no more. */
export const MOST_A_SECOND = 10
const SECOND_MS = 1000
/** What is told apart in one second; messages are few, but some of them name a file or a rule. */
const MOST_KINDS = 256

interface Kind {
  readonly level: LogLevel
  readonly message: string
  written: number
  suppressed: number
}

/**
 * The same logger for lines that peers can cause: so many of a kind in a second, and then how many more there were. A kind
 * is a level, a message and a synapse. What a handler's author writes by `call.log` is no such line.
 */
export function limited(logger: Logger, clock: Clock): Logger {
  const kinds = new Map<string, Kind>()
  let fromMs = Number.NEGATIVE_INFINITY
  let cancelTimer: (() => void) | undefined

  const beginAnew = (): void => {
    cancelTimer?.()
    cancelTimer = undefined
    fromMs = clock.monotonicMs()
    const over = [...kinds.values()]
    kinds.clear()
    for (const { level, message, suppressed } of over) {
      if (suppressed > 0) logger[level](`${message}: ${suppressed} more within a second`)
    }
  }

  const kindOf = (level: LogLevel, message: string, synapse: unknown): Kind => {
    const key = `${level} ${message} ${typeof synapse === 'string' ? synapse : ''}`
    let kind = kinds.get(key)
    if (kind === undefined) {
      const isOneMore = kinds.size >= MOST_KINDS
      kind = (isOneMore ? kinds.get(level) : undefined) ?? { level, message, written: 0, suppressed: 0 }
      kinds.set(isOneMore ? level : key, kind)
    }
    return kind
  }

  return loggerOf((level) => (message: string, fields?: LogFields) => {
    if (clock.monotonicMs() - fromMs >= SECOND_MS) beginAnew()
    const kind = kindOf(level, message, fields?.synapse)
    if (kind.written < MOST_A_SECOND - 1) {
      kind.written++
      logger[level](message, fields)
      return
    }
    kind.suppressed++
    cancelTimer ??= clock.after(SECOND_MS - (clock.monotonicMs() - fromMs), beginAnew)
  })
}
