import { Buffer } from 'node:buffer'
import { LevinError } from '../errors.js'
import { isMessageType, type MessageType, messageTypeName } from './message-type.js'

/** `type: u8 | length: u32 big-endian`, before every payload. */
export const FRAME_HEADER_BYTES = 5

/** Longest payload in bytes that the reference takes unless configured, and the range that it may be set to. */
export const DEFAULT_MAX_FRAME_PAYLOAD = 64 * 1024 * 1024
export const MIN_MAX_FRAME_PAYLOAD = 1024 * 1024
export const MAX_MAX_FRAME_PAYLOAD = 0xffff_ffff

/** A declared length above this is not believed: the buffer grows with the bytes that arrive. */
const TRUSTED_LENGTH = 1024 * 1024

/**
 * How many times as large a buffer becomes that is full. The system gives memory as it is written to, so that room costs
 * nothing until then; what was copied stays until it is collected, an eighth of it instead of half.
 */
const GROWTH = 8

/** What a {@link FrameDecoder} tells its owner, synchronously from `push`. What they throw leaves through `push`. */
export interface FrameEvents {
  /** The header is there and within the limits, the payload perhaps not: throw to refuse the frame unread. */
  onHeader?(type: MessageType, length: number): void
  /** `payload` is a buffer of its own: its owner may keep views of it. */
  onFrame(type: MessageType, payload: Uint8Array): void
}

/**
 * Cuts a stream's bytes into frames, wherever the chunks begin and end. After anything was thrown the rest of the
 * stream has no meaning, and further chunks are ignored.
 */
export class FrameDecoder {
  readonly #events: FrameEvents
  readonly #maxPayload: number
  #headerBytes = 0
  #type = 0
  #length = 0
  /** The payload so far, when it comes in more than one chunk. */
  #gathered: Buffer | undefined
  #filled = 0
  #stopped = false

  /**
   * @param maxPayload longest payload in bytes, from 1 MiB to 2^32-1
   * @throws LevinError `CONFIG` for a limit out of that range
   */
  constructor(events: FrameEvents, maxPayload: number = DEFAULT_MAX_FRAME_PAYLOAD) {
    if (
      !(
        Number.isInteger(maxPayload) &&
        maxPayload >= MIN_MAX_FRAME_PAYLOAD &&
        maxPayload <= MAX_MAX_FRAME_PAYLOAD
      )
    ) {
      throw new LevinError('CONFIG', `the frame limit must be from 1 MiB to 2^32-1 bytes, not ${maxPayload}`)
    }
    this.#events = events
    this.#maxPayload = maxPayload
  }

  /**
   * Takes the next bytes, and calls `onFrame` for every frame that they complete.
   * @throws LevinError `PROTOCOL` for an unknown type or a length over the limit
   */
  push(chunk: Uint8Array): void {
    if (this.#stopped) return
    try {
      this.#cut(chunk)
    } catch (error) {
      this.#stopped = true
      throw error
    }
  }

  /** Bytes that it keeps of a frame that is not complete. */
  get pendingBytes(): number {
    return this.#filled
  }

  /** What follows the frame that is being handed out has no meaning either: it is not looked at. */
  stop(): void {
    this.#stopped = true
  }

  #cut(chunk: Uint8Array): void {
    let at = 0
    for (;;) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) {
        at = this.#readHeader(chunk, at)
        if (this.#headerBytes < FRAME_HEADER_BYTES) break
        this.#checkHeader()
      }
      const size = Math.min(this.#length - this.#filled, chunk.length - at)
      if (size === this.#length) {
        this.#emit(copyOf(chunk, at, size))
      } else {
        if (size > 0) this.#gather(chunk, at, size)
        if (this.#filled < this.#length) break
        this.#emit(this.#gathered!)
      }
      at += size
      if (this.#stopped) return
    }
  }

  /**
   * The peer finished its side.
   * @throws LevinError `PROTOCOL` when that was in the middle of a frame
   */
  end(): void {
    if (this.#stopped || this.#headerBytes === 0) return
    this.#stopped = true
    throw new LevinError(
      'PROTOCOL',
      this.#headerBytes < FRAME_HEADER_BYTES
        ? `the stream ended after ${this.#headerBytes} of ${FRAME_HEADER_BYTES} header bytes`
        : `the stream ended after ${this.#filled} of the ${this.#length} bytes of a ${messageTypeName(this.#type)}`,
    )
  }

  #readHeader(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length && this.#headerBytes < FRAME_HEADER_BYTES) {
      const byte = chunk[at++]!
      if (this.#headerBytes++ === 0) this.#type = byte
      else this.#length = this.#length * 256 + byte
    }
    return at
  }

  #checkHeader(): void {
    const type = this.#type
    if (!isMessageType(type)) {
      throw new LevinError('PROTOCOL', `a frame of unknown type ${messageTypeName(type)}`)
    }
    if (this.#length > this.#maxPayload) {
      throw new LevinError(
        'PROTOCOL',
        `a ${messageTypeName(type)} frame of ${this.#length} bytes, the limit is ${this.#maxPayload}`,
      )
    }
    this.#events.onHeader?.(type, this.#length)
  }

  #gather(chunk: Uint8Array, at: number, size: number): void {
    const filled = this.#filled + size
    let buffer = this.#gathered
    if (buffer === undefined || filled > buffer.length) {
      const capacity = Math.min(
        this.#length,
        Math.max(TRUSTED_LENGTH, filled, GROWTH * (buffer?.length ?? 0)),
      )
      const larger = Buffer.allocUnsafeSlow(capacity)
      buffer?.copy(larger, 0, 0, this.#filled)
      this.#gathered = buffer = larger
    }
    copyInto(buffer, this.#filled, chunk, at, size)
    this.#filled = filled
  }

  #emit(payload: Uint8Array): void {
    const type = this.#type as MessageType
    this.#headerBytes = this.#type = this.#length = this.#filled = 0
    this.#gathered = undefined
    this.#events.onFrame(type, payload)
  }
}

/** Small ones share blocks of Node's pool, which costs a tenth of a block of their own. */
function copyOf(chunk: Uint8Array, at: number, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size)
  copyInto(copy, 0, chunk, at, size)
  return copy
}

function copyInto(target: Buffer, offset: number, chunk: Uint8Array, at: number, size: number): void {
  // The whole of a chunk needs no view of it.
  target.set(at === 0 && size === chunk.length ? chunk : chunk.subarray(at, at + size), offset)
}
