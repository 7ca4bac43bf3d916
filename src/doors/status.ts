/** What went wrong, as each door says it. */
import type { LevinErrorCode } from '../errors.js'
import { ErrorText } from '../wire/protocol-texts.js'

/** What may become of a request besides an answer. */
export type Failure =
  | 'malformed'
  | 'notVerified'
  | 'forbidden'
  | 'refused'
  | 'unknownSynapse'
  | 'timedOut'
  | 'tooLarge'
  | 'tooMany'
  | 'tooOften'
  | 'failed'
  | 'badAnswer'
  | 'streamFailed'
  | 'stopping'
  | 'busy'

export interface FailureForm {
  /** HTTP's. */
  readonly status: number
  /** In the body of a `btauth` answer, for programs. */
  readonly code: string
  /** What the QUIC door says on the stream; undefined for what has no stream there: it is refused with the handshake, or closed. */
  readonly text: ErrorText | undefined
  /** What a Levin validator's call fails with, whichever door it came by. */
  readonly error: LevinErrorCode
}

/**
 * | failure          | when                                                                          |
 * | ---------------- | ----------------------------------------------------------------------------- |
 * | `malformed`      | the request is no JSON, or not what its class declares                         |
 * | `notVerified`    | not signed, badly, for another, too long ago, or once before                   |
 * | `forbidden`      | the access rules do not let this hotkey in                                     |
 * | `refused`        | a middleware does not let the call through                                     |
 * | `unknownSynapse` | no handler has that name                                                       |
 * | `timedOut`       | the handler's, or the sender's time is over                                    |
 * | `tooLarge`       | the body is larger than the limit                                              |
 * | `tooMany`        | signatures are checked, or connections made, faster than the limits allow       |
 * | `tooOften`       | a middleware does not let so many calls through                                |
 * | `failed`         | the handler, or a middleware, threw                                            |
 * | `badAnswer`      | the handler's answer is not what its class declares, or has no form in JSON    |
 * | `streamFailed`   | a stream ended before its end                                                  |
 * | `stopping`       | the miner stops, or has no memory left                                         |
 * | `busy`           | a middleware has no place for the call                                         |
 */
export const FAILURES: Readonly<Record<Failure, FailureForm>> = {
  malformed: form(400, 'INVALID_REQUEST', ErrorText.invalidRequestFormat, 'PEER_ERROR'),
  notVerified: form(401, 'NOT_VERIFIED', undefined, 'HANDSHAKE_REFUSED'),
  forbidden: form(403, 'FORBIDDEN', undefined, 'HANDSHAKE_REFUSED'),
  unknownSynapse: form(404, 'UNKNOWN_SYNAPSE', ErrorText.unrecognizedSynapseType, 'PEER_ERROR'),
  timedOut: form(408, 'TIMED_OUT', ErrorText.handlerTimedOut, 'PEER_ERROR'),
  tooLarge: form(413, 'TOO_LARGE', ErrorText.requestProcessingFailed, 'PEER_ERROR'),
  tooMany: form(429, 'TOO_MANY', undefined, 'HANDSHAKE_REFUSED'),
  failed: form(500, 'FAILED', ErrorText.requestProcessingFailed, 'PEER_ERROR'),
  badAnswer: form(500, 'INVALID_ANSWER', ErrorText.internalSerializationError, 'PEER_ERROR'),
  streamFailed: form(500, 'STREAM_FAILED', ErrorText.streamProcessingFailed, 'PEER_ERROR'),
  stopping: form(503, 'STOPPING', undefined, 'CANNOT_CONNECT'),
  // by a middleware, as by QUIC: without the code, these are taken for those above of the same status
  refused: form(403, 'REFUSED', ErrorText.requestProcessingFailed, 'PEER_ERROR'),
  tooOften: form(429, 'TOO_OFTEN', ErrorText.requestProcessingFailed, 'PEER_ERROR'),
  busy: form(503, 'BUSY', ErrorText.requestProcessingFailed, 'PEER_ERROR'),
}

function form(status: number, code: string, text: ErrorText | undefined, error: LevinErrorCode): FailureForm {
  return { status, code, text, error }
}

/** Statuses that others than Levin answer. */
const BY_STATUS = new Map<number, Failure>([
  [422, 'malformed'],
  [504, 'timedOut'],
])
const BY_CODE = new Map<string, Failure>()
const BY_TEXT = new Map<ErrorText, Failure>()
// the first of those that are alike is the one that is meant
for (const [failure, { status, code, text }] of Object.entries(FAILURES) as [Failure, FailureForm][]) {
  BY_CODE.set(code, failure)
  if (!BY_STATUS.has(status)) BY_STATUS.set(status, failure)
  if (text !== undefined && !BY_TEXT.has(text)) BY_TEXT.set(text, failure)
}

/**
 * What an answer's status says, and the code in its body where it is Levin's: several failures have one status.
 * @param status from 400 to 599: others are no failures, or not HTTP as these doors speak it
 */
export function failureOf(status: number, code?: string): Failure {
  const coded = code === undefined ? undefined : BY_CODE.get(code)
  if (coded !== undefined && FAILURES[coded].status === status) return coded
  return BY_STATUS.get(status) ?? (status < 500 ? 'malformed' : 'failed')
}

/** What the QUIC door says on a stream. */
export const failureOfText = (text: ErrorText): Failure => BY_TEXT.get(text) ?? 'failed'
