/** The one place that turns an error into what a caller may know of it: one of a few kinds, never a handler's words. */
import type { Failure } from '../../doors/status.js'
import { LevinError } from '../../errors.js'
import { Refusal } from '../policy/refuse.js'
import type { CallOutcome } from '../watch.js'

/** The request is not what its class declares: the peer's fault. */
export class BadRequest extends Error {
  constructor(cause: unknown) {
    super(LevinError.from(cause).message, { cause })
  }
}

/** The handler's answer is not what its class declares, or cannot be encoded: ours. */
export class BadAnswer extends Error {
  constructor(cause: unknown) {
    super(typeof cause === 'string' ? cause : LevinError.from(cause).message, { cause })
  }
}

/** @throws BadAnswer for an answer, or a chunk of one, that is larger than the miner sends */
export function checkSize(bytes: number, maxFrameBytes: number): void {
  if (bytes <= maxFrameBytes) return
  throw new BadAnswer(`the answer has ${bytes} bytes, maxFrameBytes is ${maxFrameBytes}: stream it in chunks`)
}

/** The handler did not finish in time. */
export class HandlerTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`the handler did not finish within ${timeoutMs} ms`)
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof BadRequest) return 'malformed'
  if (error instanceof HandlerTimeout) return 'timedOut'
  if (error instanceof BadAnswer) return 'badAnswer'
  if (error instanceof Refusal) return error.failure
  return outcomeOf(error) === 'refused' ? 'refused' : 'failed'
}

/** Whether an error has a code of its own: somebody foresaw it, and may be asked about it. */
export function hasCode(error: unknown): boolean {
  try {
    return error instanceof Error && 'code' in error && typeof error.code === 'string'
  } catch {
    return false // its getter throws
  }
}

export function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof BadRequest) return 'invalid'
  if (error instanceof HandlerTimeout) return 'timedOut'
  return error instanceof LevinError && error.code === 'REFUSED' ? 'refused' : 'failed'
}
