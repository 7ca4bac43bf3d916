import { inspect } from 'node:util'
import type { Clock } from '../clock.js'
import { LevinError } from '../errors.js'
import { checkKeys, milliseconds } from '../options.js'

/** How long one call may take, and what ends it early. */
export interface CallOptions {
  /** Milliseconds that the miner may take; for a stream, between two chunks. Default: the validator's. */
  readonly timeoutMs?: number
  /**
   * Milliseconds for the whole call: connecting, writing the request, waiting for the answer, a stream's last chunk.
   * Default: none; each of these has a time of its own.
   */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

/** The same for a stream, and how much may come. */
export interface StreamCallOptions extends CallOptions {
  /** Bytes of all chunks of a stream together; `Infinity` for no limit. Default: the validator's, 64 MiB. */
  readonly maxStreamBytes?: number
}

export const CALL_KEYS: readonly (keyof CallOptions)[] = ['timeoutMs', 'deadlineMs', 'signal']
export const STREAM_KEYS: readonly (keyof StreamCallOptions)[] = [...CALL_KEYS, 'maxStreamBytes']

/** Given where a call has no options; such need no look. */
export const NO_OPTIONS: CallOptions = Object.freeze({})

/** The options of a call that has begun. */
export interface Limits {
  readonly timeoutMs: number | undefined
  readonly maxStreamBytes: number | undefined
  readonly signal: AbortSignal | undefined
  /** When all of it must be over, by the monotonic clock; `Infinity` when only its phases are limited. */
  readonly deadlineAtMs: number
  /** A trace context, which only a miner that is Levin is sent; set by middleware. */
  readonly traceparent?: string | undefined
}

export function limitsOf(options: StreamCallOptions, clock: Clock): Limits {
  const { timeoutMs, maxStreamBytes, signal, deadlineMs = Number.POSITIVE_INFINITY } = options
  return { timeoutMs, maxStreamBytes, signal, deadlineAtMs: clock.monotonicMs() + deadlineMs }
}

/** @throws LevinError CONFIG for an option that there is not, or that is out of range */
export function checkCallOptions(options: CallOptions, keys: readonly string[] = CALL_KEYS): void {
  if (options === NO_OPTIONS) return
  checkKeys('the options of the call', options, keys)
  const { timeoutMs, deadlineMs, signal } = options
  if (timeoutMs !== undefined) milliseconds('the options of the call', 'timeoutMs', timeoutMs)
  if (deadlineMs !== undefined) milliseconds('the options of the call', 'deadlineMs', deadlineMs)
  if (signal !== undefined) checkSignal('the options of the call', signal)
}

/** @throws LevinError CONFIG as above */
export function checkStreamOptions(options: StreamCallOptions, keys: readonly string[] = STREAM_KEYS): void {
  if (options === NO_OPTIONS) return
  checkCallOptions(options, keys)
  const { maxStreamBytes } = options
  if (maxStreamBytes !== undefined) checkStreamBytes('the options of the call', maxStreamBytes)
}

/** @throws LevinError CONFIG */
export function checkStreamBytes(where: string, value: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 1)) return value
  throw new LevinError(
    'CONFIG',
    `${where}: maxStreamBytes is ${inspect(value)}; it is a number of bytes from 1, or Infinity`,
  )
}

/** @throws LevinError CONFIG */
export function checkSignal(where: string, signal: unknown): void {
  if (signal instanceof AbortSignal) return
  throw new LevinError('CONFIG', `${where}: signal is ${inspect(signal, { depth: 0 })}; it is an AbortSignal`)
}

/** Whether there is no time left to ask anybody. Timers may come a part of a millisecond early. */
export const isOver = (deadlineAtMs: number, nowMs: number): boolean => deadlineAtMs - nowMs < 1
