import { inspect } from 'node:util'
import { systemClock } from './clock.js'
import { cut, printable } from './shown.js'

/** Where Levin writes what happened. Any logger with these four methods will do; most have them with other argument orders. */
export interface Logger {
  /** What only helps to find a fault. */
  debug(message: string, fields?: LogFields): void
  /** What happens as it should. */
  info(message: string, fields?: LogFields): void
  /** What went wrong, and mends itself or waits. */
  warn(message: string, fields?: LogFields): void
  /** What somebody has to look at. */
  error(message: string, fields?: LogFields): void
}

/** What belongs to a message: an error under `error`, numbers with their unit in the name. */
export type LogFields = Readonly<Record<string, unknown>>
/** From the most talkative to the most serious. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** A logger of one function for each level. */
export const loggerOf = (write: (level: LogLevel) => Logger[LogLevel]): Logger => ({
  debug: write('debug'),
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
})

/** Lines on standard error: time, level, message, fields as JSON. @param least the lowest level that is written, default `info` */
export function consoleLogger(least: LogLevel = 'info'): Logger {
  const write = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return () => {}
    return (message: string, fields?: LogFields) => {
      const rest = fields === undefined ? '' : ` ${textOf(fields)}`
      console.error(printable(`${new Date(systemClock.unixMs()).toISOString()} ${level} ${message}${rest}`))
    }
  }
  return loggerOf(write)
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The same logger, of which a line is lost rather than thrown at whoever wrote it: a peer may have caused the line. */
export function guarded(logger: Logger): Logger {
  const write = (level: LogLevel) => (message: string, fields?: LogFields) => {
    try {
      const written: unknown = logger[level](message, fields)
      if (written instanceof Promise) written.catch(() => {}) // an async function is a method too
    } catch {
      // there is nowhere left to say so
    }
  }
  return loggerOf(write)
}

/** The same logger with fields that go with every line. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  const write = (level: LogLevel) => (message: string, more?: LogFields) =>
    logger[level](message, { ...fields, ...more })
  return loggerOf(write)
}

/** One line. What JSON cannot hold for a cycle, or for a `toJSON` or getter that throws, is inspected, which runs no code. */
function textOf(fields: LogFields): string {
  try {
    return JSON.stringify(fields, plain)
  } catch {
    return JSON.stringify(inspect(fields, { customInspect: false }))
  }
}

/** Of a text in a line: who throws an error may put a request into it. */
const MOST_CHARACTERS = 8 * 1024

export const clipped = <T>(text: T): T | string =>
  typeof text === 'string' ? cut(text, MOST_CHARACTERS) : text

/** What JSON has no word for, as text: an error with its code, stack and cause, a bigint as its digits. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return clipped(value)
  if (!(value instanceof Error)) return value
  const { message, stack, cause } = value
  return { ...value, message: clipped(message), stack: clipped(stack), cause }
}
