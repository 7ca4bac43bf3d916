import { Buffer } from 'node:buffer'
import { LevinError } from '../errors.js'

/** One allocation serves some 60 messages of 1 KB; V8 pays for buffers by the piece. */
const SLAB_BYTES = 64 * 1024

/** Beyond this a message gets a buffer of its own: the rest of the slab is worth more than one allocation. */
const OWN_BUFFER_BYTES = 16 * 1024

/** The largest such buffer that is kept for a later message (one of a request of 1 MB), and how many of them are. */
const SPARE_BUFFER_BYTES = 2 * 1024 * 1024
const SPARES = 4

/** What a growing message gets on top of its need: envelope fields that follow `data`. */
const SPARE_BYTES = 256

/** Up to here a loop over char codes beats the call into C++ that a long string needs. */
const SHORT_STRING = 24

/** The frame's length field is a u32. */
const MAX_MESSAGE_BYTES = 0xffff_ffff

/** A double's bytes as this machine keeps them, and where the first byte on the wire is among them. */
const DOUBLE = new Float64Array([-2])
const DOUBLE_BYTES = new Uint8Array(DOUBLE.buffer)
const DOUBLE_ORDER = DOUBLE_BYTES[7] === 0xc0 ? 7 : 0

const FIXEXT_SIZES: readonly number[] = [1, 2, 4, 8, 16]

/**
 * MessagePack's formats, each in its narrowest form as the reference's rmp writes them, straight into a slab. What
 * `finish` hands out is a view that the transport may keep; its range is only written again once it was taken back.
 */
export class MsgpackWriter {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #slabUsed = 0
  /** What `finish` handed out last, if that is in the slab. */
  #last: Buffer | undefined
  /** The buffers of messages that have one of their own, and those of messages that were taken back. */
  readonly #own = new WeakMap<Uint8Array, Buffer>()
  readonly #spares: Buffer[] = []
  #bytes: Buffer = this.#slab
  #start = 0
  #at = 0

  /** Starts a message whose first `headerBytes` bytes the caller fills in after `finish`. */
  begin(headerBytes: number): void {
    this.#bytes = this.#slab
    this.#start = this.#at = this.#slabUsed
    this.#room(headerBytes)
    this.#at += headerBytes
  }

  /** The message: a view that no later message shares. */
  finish(): Buffer {
    const message = this.#bytes.subarray(this.#start, this.#at)
    if (this.#bytes === this.#slab) {
      this.#slabUsed = this.#at
      this.#last = message
    } else {
      this.#own.set(message, this.#bytes)
      this.#bytes = this.#slab
    }
    return message
  }

  /** Nobody looks at `message` any more: its memory serves another, if it has a buffer of its own or is the last one. */
  takeBack(message: Uint8Array): void {
    if (message === this.#last) {
      this.#last = undefined
      this.#slabUsed -= message.length
    } else if (message.length > OWN_BUFFER_BYTES) this.#takeBackOwn(message)
  }

  #takeBackOwn(message: Uint8Array): void {
    const buffer = this.#own.get(message)
    this.#own.delete(message)
    if (buffer === undefined || buffer.length > SPARE_BUFFER_BYTES || this.#spares.length === SPARES) return
    this.#spares.push(buffer)
  }

  nil(): void {
    this.#byte(0xc0)
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2)
  }

  /** @param value a safe integer */
  integer(value: number): void {
    if (value >= 0) {
      if (value < 0x80) this.#byte(value)
      else if (value < 0x100) this.#marked(0xcc, value, 1)
      else if (value < 0x1_0000) this.#marked(0xcd, value, 2)
      else if (value < 0x1_0000_0000) this.#marked(0xce, value, 4)
      else this.#marked64(0xcf, BigInt(value))
    } else if (value >= -0x20) this.#byte(value & 0xff)
    else if (value >= -0x80) this.#marked(0xd0, value, 1)
    else if (value >= -0x8000) this.#marked(0xd1, value, 2)
    else if (value >= -0x8000_0000) this.#marked(0xd2, value, 4)
    else this.#marked64(0xd3, BigInt(value))
  }

  /** Lone surrogates become U+FFFD, as everywhere in Node. */
  string(value: string): void {
    const length = value.length
    if (length <= SHORT_STRING && this.#shortAscii(value, length)) return
    const size = Buffer.byteLength(value)
    if (size < 0x20) this.#byte(0xa0 | size)
    else if (size < 0x100) this.#marked(0xd9, size, 1)
    else if (size < 0x1_0000) this.#marked(0xda, size, 2)
    else this.#marked(0xdb, size, 4)
    this.#room(size)
    this.#bytes.write(value, this.#at, size, 'utf8')
    this.#at += size
  }

  binary(value: Uint8Array): void {
    const size = value.length
    if (size < 0x100) this.#marked(0xc4, size, 1)
    else if (size < 0x1_0000) this.#marked(0xc5, size, 2)
    else this.#marked(0xc6, size, 4)
    this.encoded(value)
  }

  /** Bytes that are MessagePack already. */
  encoded(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  arrayHeader(count: number): void {
    if (count < 0x10) this.#byte(0x90 | count)
    else if (count < 0x1_0000) this.#marked(0xdc, count, 2)
    else this.#marked(0xdd, count, 4)
  }

  float(value: number): void {
    this.#room(9)
    this.#double(value)
  }

  /** Writes numbers that are no integers, as long as they follow each other. @returns the index of what does not */
  floats(values: readonly unknown[], from: number): number {
    let i = from
    for (let value = values[i]; typeof value === 'number' && !Number.isInteger(value); value = values[++i]) {
      this.#room(9)
      this.#double(value)
    }
    return i
  }

  #double(value: number): void {
    const bytes = this.#bytes
    const at = this.#at
    DOUBLE[0] = value
    bytes[at] = 0xcb
    for (let i = 0; i < 8; i++) bytes[at + 1 + i] = DOUBLE_BYTES[DOUBLE_ORDER ^ i]!
    this.#at = at + 9
  }

  /** @param value an integer that fits 64 bits, signed when negative */
  integer64(value: bigint): void {
    this.#marked64(value < 0n ? 0xd3 : 0xcf, value)
  }

  /** @param type from -128 to 127 */
  extension(type: number, data: Uint8Array): void {
    const size = data.length
    const fixed = FIXEXT_SIZES.indexOf(size)
    if (fixed >= 0) this.#byte(0xd4 + fixed)
    else if (size < 0x100) this.#marked(0xc7, size, 1)
    else if (size < 0x1_0000) this.#marked(0xc8, size, 2)
    else this.#marked(0xc9, size, 4)
    this.#byte(type & 0xff)
    this.encoded(data)
  }

  /** @returns where the header stands, for `patchMapHeader` */
  mapHeader(count: number): number {
    const at = this.#at - this.#start

    if (count < 0x10) this.#byte(0x80 | count)
    else if (count < 0x1_0000) this.#marked(0xde, count, 2)
    else this.#marked(0xdf, count, 4)
    return at
  }

  /** Fewer entries followed than the header said; it keeps its width. */
  patchMapHeader(header: number, count: number): void {
    const at = this.#start + header
    const marker = this.#bytes[at]!
    if (marker < 0xde) this.#bytes[at] = 0x80 | count
    else if (marker === 0xde) this.#bytes.writeUInt16BE(count, at + 1)
    else this.#bytes.writeUInt32BE(count, at + 1)
  }

  #shortAscii(value: string, length: number): boolean {
    this.#room(length + 1)
    const bytes = this.#bytes
    let at = this.#at
    bytes[at++] = 0xa0 | length
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) return false
      bytes[at++] = code
    }
    this.#at = at
    return true
  }

  #byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#at++] = value
  }

  #marked(marker: number, value: number, width: 1 | 2 | 4): void {
    this.#room(5)
    const bytes = this.#bytes
    let at = this.#at
    bytes[at++] = marker
    if (width === 4) {
      bytes[at++] = value >>> 24
      bytes[at++] = value >>> 16
    }
    if (width !== 1) bytes[at++] = value >>> 8
    bytes[at++] = value
    this.#at = at
  }

  #marked64(marker: number, value: bigint): void {
    this.#room(9)
    this.#bytes[this.#at] = marker
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), this.#at + 1)
    this.#at += 9
  }

  #room(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#grow(size)
  }

  /** Moves what is written of this message to a larger place; the old one's bytes were not handed out. */
  #grow(size: number): void {
    const written = this.#at - this.#start
    if (written + size > MAX_MESSAGE_BYTES)
      throw new LevinError('LIMIT', 'a message holds at most 2^32-1 bytes')
    const old = this.#bytes
    if (written + size <= OWN_BUFFER_BYTES) {
      this.#bytes = this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#slabUsed = 0
      this.#last = undefined
    } else {
      this.#bytes = this.#large(written + size + SPARE_BYTES, written * 2)
    }
    old.copy(this.#bytes, 0, this.#start, this.#at)
    this.#start = 0
    this.#at = written
  }

  #large(needed: number, wanted: number): Buffer {
    const spare = this.#spares.pop()
    // One that is too small makes room for another.
    if (spare !== undefined && spare.length >= needed) return spare
    return Buffer.allocUnsafeSlow(Math.min(Math.max(needed, wanted), MAX_MESSAGE_BYTES))
  }
}
