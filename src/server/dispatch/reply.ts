/** How a call is answered, whatever door its caller came by. Each door has its own form: frames, or HTTP. */

/** Why a call was not answered, as far as its caller may know. */
export type FailureKind =
  /** There is no such synapse. */
  | 'unrecognized'
  /** The request is not what its class declares. */
  | 'invalid'
  | 'timedOut'
  /** By a middleware, for one of these reasons. */
  | 'forbidden'
  | 'tooMany'
  | 'tooLarge'
  | 'busy'
  /** The answer is not what its class declares, or cannot be written. */
  | 'badAnswer'
  | 'failed'

export interface Failure {
  readonly kind: FailureKind
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
  fail(failure: Failure, isStream: boolean): void
}
