import { inspect } from 'node:util'

/**
 * Why something failed. The set is closed: a program can switch over it.
 *
 * | code                | whose fault, and what happened                                               |
 * | ------------------- | ---------------------------------------------------------------------------- |
 * | `CONFIG`            | ours: an option, a class or a call that cannot work; the message says the fix |
 * | `CANNOT_CONNECT`    | nobody answers at that address, or not in QUIC and TLS that we understand     |
 * | `HANDSHAKE_REFUSED` | the miner answered the handshake with "not accepted"                          |
 * | `WRONG_PEER`        | who answered is not the miner we wanted, or could not prove that it is        |
 * | `TIMED_OUT`         | no answer within the time that the caller gave                                |
 * | `PEER_ERROR`        | the peer answered with one of the protocol's error texts (`peerMessage`)      |
 * | `PROTOCOL`          | the peer sent what the protocol does not allow                                |
 * | `INVALID_ANSWER`    | the answer arrived and is not what the response class declares                |
 * | `INVALID_REQUEST`   | the request is not what the request class declares; nothing was sent          |
 * | `CONNECTION_LOST`   | the connection ended before the answer; whether the handler ran is not known  |
 * | `ABORTED`           | the caller's `AbortSignal`                                                    |
 * | `REFUSED`           | a middleware of ours did not let a call through; the message says why         |
 * | `LIMIT`             | a configured limit would be exceeded; the message names the option            |
 * | `INTERNAL`          | a defect in Levin, or an error of an unknown kind: see `cause`                |
 */
export type LevinErrorCode =
  | 'CONFIG'
  | 'CANNOT_CONNECT'
  | 'HANDSHAKE_REFUSED'
  | 'WRONG_PEER'
  | 'TIMED_OUT'
  | 'PEER_ERROR'
  | 'PROTOCOL'
  | 'INVALID_ANSWER'
  | 'INVALID_REQUEST'
  | 'CONNECTION_LOST'
  | 'ABORTED'
  | 'REFUSED'
  | 'LIMIT'
  | 'INTERNAL'

/** What a `LevinError` may say beside its code and message. */
export interface LevinErrorDetails {
  readonly cause?: unknown
  readonly peerMessage?: string | undefined
  readonly callId?: string | undefined
  readonly miner?: string | undefined
  readonly synapse?: string | undefined
}

/** The one error class of Levin. Tests and programs look at `code`; people read `message`. */
export class LevinError extends Error {
  override readonly name = 'LevinError'
  readonly code: LevinErrorCode
  /** With `PEER_ERROR`: the protocol's text, for instance `handler timed out`; what is not printable in it is escaped, and it ends after 256 characters. */
  readonly peerMessage?: string
  /** With `PEER_ERROR` of a Levin miner, sometimes: what the miner's log calls this call, to ask its operator about it. */
  readonly callId?: string
  /** Of a validator's call: hotkey of the miner that was asked. */
  readonly miner?: string
  /** Of a validator's call: name of the synapse. */
  readonly synapse?: string

  constructor(code: LevinErrorCode, message: string, details: LevinErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    if (details.peerMessage !== undefined) this.peerMessage = details.peerMessage
    if (details.callId !== undefined) this.callId = details.callId
    if (details.miner !== undefined) this.miner = details.miner
    if (details.synapse !== undefined) this.synapse = details.synapse
  }

  /** Any thrown value as a LevinError; what is one already is returned as it is. */
  static from(error: unknown, code: LevinErrorCode = 'INTERNAL'): LevinError {
    if (error instanceof LevinError) return error
    return new LevinError(code, error instanceof Error ? error.message : textOf(error), { cause: error })
  }
}

/** Not `String`, which throws for an object without a prototype, and for one whose `toString` does. */
const textOf = (thrown: unknown): string =>
  typeof thrown === 'string' ? thrown : inspect(thrown, { customInspect: false, breakLength: Infinity })
