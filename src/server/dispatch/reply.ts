/** How a call is answered, whatever door its caller came by. Each door has its own form: frames, or HTTP. */
import type { Failure } from '../../doors/status.js'

export interface FailedCall {
  readonly failure: Failure
  /** What the log calls the call; undefined for one that never began. */
  readonly id?: string
  /** Whether its error has a code of its own: the caller may quote the id, to ask about it. */
  readonly isForeseen?: boolean
}

export interface Reply {
  /** @throws BadAnswer for what cannot be written, or is larger than the door lets through */
  encodeAnswer(data: object): Uint8Array
  /** @param chunk bytes, or an object of the stream's class @throws BadAnswer as `encodeAnswer` does */
  encodeChunk(chunk: object): Uint8Array
  /** An encoded chunk. @returns false when the caller has to take some of it first: `drained` of the call says when */
  write(chunk: Uint8Array): boolean
  /** @param answer encoded; none ends a stream that went well */
  end(answer?: Uint8Array): void
  fail(failed: FailedCall, isStream: boolean): void
}
