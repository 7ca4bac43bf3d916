/** The only import of pino. */
import { destination, type Logger as Pino, pino, stdSerializers } from 'pino'
import type { LogFields, Logger, LogLevel } from './logger.js'

/** What waits in memory while a disk is full; lines beyond are lost. Far more than the longest line. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024

/**
 * What Levin logs with unless told otherwise: pino, one JSON object a line. `pino-pretty` makes it readable, and pino's
 * transports take it anywhere.
 * @param to a level for lines on standard error, default `info`; or a pino of your own
 */
export function pinoLogger(to: LogLevel | Pino = 'info'): Logger {
  const log = typeof to === 'string' ? standardError(to) : to
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      log[level](fields, message)
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

function standardError(level: LogLevel): Pino {
  // sync: what was written when the process ends is there to be read
  const to = destination({ dest: 2, sync: true, maxLength: MAX_UNWRITTEN_BYTES })
  to.on('error', () => {}) // a full disk costs lines; nobody listening, it would end the process
  return pino(
    { name: 'levin', level, errorKey: 'error', serializers: { error: stdSerializers.errWithCause } },
    to,
  )
}
