import type { Clock } from './clock.js'
import type { LogFields, Logger, LogLevel } from './logger.js'
import { shown } from './shown.js'

/** How long lines of one kind are counted instead of written. */
const QUIET_MS = 60_000

/** Of an error's message. */
const MOST_CHARACTERS = 1024

interface Kind {
  readonly level: LogLevel
  suppressed: number
  latest: LogFields
}

/** What others cause, in the log: of each kind the first line, then one a minute that says how many there were. */
export class Summary {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #kinds = new Map<string, Kind>()
  #cancelTimer: (() => void) | undefined
  #isStopped = false

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  /** @param kind one of a few: what can be told apart is kept */
  note(kind: string, message: string, fields: LogFields, level: LogLevel = 'info'): void {
    const known = this.#kinds.get(kind)
    if (known !== undefined) {
      known.suppressed++
      known.latest = { message, ...inWords(fields) }
      return
    }
    this.#kinds.set(kind, { level, suppressed: 0, latest: fields })
    this.#logger[level](message, fields)
    if (!this.#isStopped) this.#cancelTimer ??= this.#clock.after(QUIET_MS, this.#summarise)
  }

  readonly #summarise = (): void => {
    this.#cancelTimer = undefined
    for (const [kind, { level, suppressed, latest }] of this.#kinds) {
      if (suppressed === 0) this.#kinds.delete(kind)
      else {
        this.#logger[level](`${kind}: ${suppressed} more within a minute`, { latest })
        this.#kinds.set(kind, { level, suppressed: 0, latest })
      }
    }
    if (this.#kinds.size > 0) this.#cancelTimer = this.#clock.after(QUIET_MS, this.#summarise)
  }

  /** Writes what is left to say. */
  stop(): void {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#summarise()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}

/** An error as its message: its stack was in the first line, and loggers write errors that are fields themselves. */
function inWords(fields: LogFields): LogFields {
  const { error } = fields
  return error instanceof Error ? { ...fields, error: shown(error.message, MOST_CHARACTERS) } : fields
}
