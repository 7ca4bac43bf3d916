import type { LogFields, Logger, LogLevel } from '../logger.js'

/** What was logged, in one call. */
export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

/** A logger that keeps what it was told. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = []

  /** Keeps a line of level `debug`. */
  debug(message: string, fields?: LogFields): void {
    this.#keep('debug', message, fields)
  }

  /** Keeps a line of level `info`. */
  info(message: string, fields?: LogFields): void {
    this.#keep('info', message, fields)
  }

  /** Keeps a line of level `warn`. */
  warn(message: string, fields?: LogFields): void {
    this.#keep('warn', message, fields)
  }

  /** Keeps a line of level `error`. */
  error(message: string, fields?: LogFields): void {
    this.#keep('error', message, fields)
  }

  /** The lines of one level. */
  at(level: LogLevel): LogLine[] {
    return this.lines.filter((line) => line.level === level)
  }

  #keep(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields })
  }
}
