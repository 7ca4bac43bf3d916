/** The answers of the QUIC door: the protocol's frames. */
import type { Clock } from '../../clock.js'
import { FAILURES, type Failure } from '../../doors/status.js'
import type { LinkStream } from '../../transport/link.js'
import { FRAME_HEADER_BYTES } from '../../wire/frame.js'
import { encodeStreamChunk, encodeStreamEnd, encodeSynapseResponse, recycle } from '../../wire/messages.js'
import { encodeValue } from '../../wire/msgpack.js'
import { ErrorText } from '../../wire/protocol-texts.js'
import { BadAnswer, checkSize } from './outcome.js'
import type { FailedCall, Reply } from './reply.js'

/** These it tells of a stream, too; of all else that it failed. */
const OF_STREAMS = new Set<Failure>(['unknownSynapse', 'malformed', 'timedOut'])

export function errorText(failure: Failure, isStream: boolean): ErrorText {
  if (isStream && !OF_STREAMS.has(failure)) return ErrorText.streamProcessingFailed
  return FAILURES[failure].text ?? ErrorText.requestProcessingFailed
}

/**
 * The frame that says a call failed, in the form that the synapse's callers read.
 * @param id of a call whose error has a code and is in the log, for its caller to quote; a stream's end has no room
 *   for it, and all other failures are byte for byte the reference's
 */
export function failureFrame(text: ErrorText, isStream: boolean, clock: Clock, id?: string): Uint8Array {
  if (isStream) return encodeStreamEnd({ success: false, error: text })
  const data = id === undefined ? {} : { id }
  return encodeSynapseResponse({ success: false, data, timestamp: seconds(clock), error: text })
}

const seconds = (clock: Clock): number => Math.floor(clock.unixMs() / 1000)

export class FrameReply implements Reply {
  readonly #stream: LinkStream
  readonly #clock: Clock
  readonly #maxFrameBytes: number
  /** What the stream has not taken whole, of the last frame. */
  #unsent: Uint8Array | undefined

  constructor(stream: LinkStream, clock: Clock, maxFrameBytes: number) {
    this.#stream = stream
    this.#clock = clock
    this.#maxFrameBytes = maxFrameBytes
  }

  encodeAnswer(data: object): Uint8Array {
    let frame: Uint8Array
    try {
      frame = encodeSynapseResponse({ success: true, data, timestamp: seconds(this.#clock), error: null })
    } catch (cause) {
      throw new BadAnswer(cause)
    }
    return this.#withinLimit(frame)
  }

  encodeChunk(chunk: object): Uint8Array {
    let data: Uint8Array
    try {
      data = chunk instanceof Uint8Array ? chunk : encodeValue(chunk, 'chunk')
    } catch (cause) {
      throw new BadAnswer(cause)
    }
    return this.#withinLimit(encodeStreamChunk({ data }))
  }

  #withinLimit(frame: Uint8Array): Uint8Array {
    checkSize(frame.length - FRAME_HEADER_BYTES, this.#maxFrameBytes)
    return frame
  }

  write(frame: Uint8Array): boolean {
    return this.#written(this.#stream.write(frame), frame)
  }

  end(answer: Uint8Array = encodeStreamEnd({ success: true, error: null })): void {
    this.#written(this.#stream.end(answer), answer)
  }

  fail({ failure, id, isForeseen }: FailedCall, isStream: boolean): void {
    this.end(failureFrame(errorText(failure, isStream), isStream, this.#clock, isForeseen ? id : undefined))
  }

  #written(isWhole: boolean, frame: Uint8Array): boolean {
    if (isWhole) recycle(frame)
    else this.#unsent = frame
    return isWhole
  }

  /** The stream took all that was written. */
  drained(): void {
    if (this.#unsent !== undefined) recycle(this.#unsent)
    this.#unsent = undefined
  }
}
