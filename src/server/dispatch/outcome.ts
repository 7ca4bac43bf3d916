/** The one place that turns an error into words for the wire: the protocol's own, never a handler's. */
import { LevinError } from '../../errors.js'
import { ErrorText } from '../../wire/protocol-texts.js'
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

/** The handler did not finish in time. */
export class HandlerTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`the handler did not finish within ${timeoutMs} ms`)
  }
}

export function errorText(error: unknown, isStream: boolean): ErrorText {
  if (error instanceof BadRequest) return ErrorText.invalidRequestFormat
  if (error instanceof HandlerTimeout) return ErrorText.handlerTimedOut
  if (isStream) return ErrorText.streamProcessingFailed
  if (error instanceof BadAnswer) return ErrorText.internalSerializationError
  return ErrorText.requestProcessingFailed
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
