import { LevinError } from '../errors.js'
import type { StreamEvents } from '../transport/link.js'
import { FrameDecoder } from '../wire/frame.js'
import type { MessageType } from '../wire/message-type.js'
import { UNCOUNTED_BYTES } from './answer-memory.js'
import { inPlainWords } from './close-reasons.js'

export interface FrameReaderEvents {
  /** Throw to refuse the frame unread. */
  onHeader?(type: MessageType, length: number): void
  onFrame(type: MessageType, payload: Uint8Array): void
  /** No frame comes after this. With CONNECTION_LOST or PROTOCOL. */
  onFailure(error: LevinError): void
  onDrain?(): void
  /** Of a frame that is large and not complete, so many bytes are kept; 0 when it is. */
  onPending?(bytes: number): void
}

/** The answering side of a stream as frames: every way in which it can break off is one failure, told once. */
export class FrameReader implements StreamEvents {
  readonly #frames: FrameDecoder
  readonly #events: FrameReaderEvents
  #over = false
  #isLarge = false

  constructor(maxFrameBytes: number, events: FrameReaderEvents) {
    this.#events = events
    this.#frames = new FrameDecoder(events, maxFrameBytes)
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#over) return
    try {
      this.#frames.push(bytes)
    } catch (error) {
      this.#fail(LevinError.from(error, 'PROTOCOL'))
      return
    }
    this.#tellPending()
  }

  #tellPending(): void {
    const { pendingBytes } = this.#frames
    if (this.#over || (pendingBytes <= UNCOUNTED_BYTES && !this.#isLarge)) return
    this.#isLarge = pendingBytes > UNCOUNTED_BYTES
    this.#events.onPending?.(this.#isLarge ? pendingBytes : 0)
  }

  onEnd(): void {
    if (this.#over) return
    try {
      this.#frames.end()
      this.#fail(new LevinError('PROTOCOL', 'the miner finished the stream without a complete answer'))
    } catch (error) {
      this.#fail(LevinError.from(error, 'PROTOCOL'))
    }
  }

  onDrain(): void {
    this.#events.onDrain?.()
  }

  onReset(reason: string): void {
    this.#fail(new LevinError('CONNECTION_LOST', `no answer: ${inPlainWords(reason)}`))
  }

  /** The owner has what it wanted, or gave up: nothing is told any more. */
  done(): void {
    this.#over = true
  }

  #fail(error: LevinError): void {
    if (this.#over) return
    this.#over = true
    this.#events.onFailure(error)
  }
}
