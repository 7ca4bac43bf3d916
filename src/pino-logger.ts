/** The only import of pino. */
import { inspect } from 'node:util'
import { destination, type Logger as Pino, pino, stdSerializers } from 'pino'
import { LevinError } from './errors.js'
import { clipped, guarded, LEVELS, type LogFields, type Logger, type LogLevel, loggerOf } from './logger.js'
import { printable } from './shown.js'

/** What waits in memory while a disk is full; lines beyond are lost. Far more than the longest line. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024

/**
 * What Levin logs with unless told otherwise: pino, one JSON object a line. `pino-pretty` makes it readable, and pino's
 * transports take it anywhere.
 * @param to a level for lines on standard error, default `info`; or a pino of your own. The field `error` is written
 *   with message, stack and cause, unless that pino has a serializer for it
 */
export function pinoLogger(to: LogLevel | Pino = 'info'): Logger {
  const log = typeof to === 'string' ? standardError(to) : to
  const { [pino.symbols.serializersSym]: serializers } = log as Serializing
  const isSerialized = serializers?.error !== undefined
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (!log.isLevelEnabled(level)) return
      // Not by a serializer in a child, which would not hear of it when the level of its pino is changed.
      const isReady = isSerialized || fields.error === undefined
      log[level](isReady ? fields : { ...fields, error: plain(fields.error) }, message)
    }
  return loggerOf(write)
}

function standardError(level: LogLevel): Pino {
  // sync: what was written when the process ends is there to be read
  const to = destination({ dest: 2, sync: true, maxLength: MAX_UNWRITTEN_BYTES })
  to.on('error', () => {}) // a full disk costs lines; nobody listening, it would end the process
  // JSON leaves some characters as they are that a terminal obeys.
  return pino({ name: 'levin', level }, { write: (line) => to.write(`${printable(line.slice(0, -1))}\n`) })
}

/** What pino's types do not say of it. */
type Serializing = Pino & { readonly [pino.symbols.serializersSym]?: { readonly error?: unknown } }

/** Pino's serializer writes to the error and reads its getters; what it trips over is inspected, which does neither. */
function plain(error: unknown): unknown {
  try {
    const serialized: unknown = stdSerializers.errWithCause(error as Error)
    const { message, stack } = Object(serialized) as Partial<Error>
    if (typeof message !== 'string') return clipped(serialized) // anything can be thrown
    return { ...(serialized as object), message: clipped(message), stack: clipped(stack) }
  } catch {
    return inspect(error, { customInspect: false })
  }
}

/**
 * The logger that an option gives, of which a line is lost rather than thrown.
 * @param where what it says in an error
 * @param level of what there is by default, `pinoLogger(level)`
 * @throws LevinError CONFIG for what is no logger; and for a pino, which takes the fields first and would drop them
 */
export function checkLogger(where: string, given: Logger | undefined, level: LogLevel): Logger {
  const logger = given ?? pinoLogger(level)
  const { child, bindings } = logger as Partial<Pino>
  if (typeof child === 'function' && typeof bindings === 'function') {
    throw new LevinError(
      'CONFIG',
      `${where}: logger is a pino, which takes its arguments in another order: write logger: pinoLogger(yourPino)`,
    )
  }
  const missing = LEVELS.find((level) => typeof logger[level] !== 'function')
  if (missing === undefined) return guarded(logger)
  throw new LevinError(
    'CONFIG',
    `${where}: logger has no method '${missing}'; it has debug, info, warn and error, as pinoLogger() and consoleLogger()`,
  )
}
