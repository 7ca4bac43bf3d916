/**
 * Vectors as bytes, for a property with `@IsBytes()`: 4 bytes a number, little-endian on every machine, where a list of
 * numbers takes 9 and is decoded one by one.
 */
import { endianness } from 'node:os'
import { LevinError } from '../errors.js'

const FLOAT_BYTES = 4
const isLittleEndian = endianness() === 'LE'

/** @returns a view of the same memory; on a big-endian machine a copy */
export function floatsToBytes(floats: Float32Array): Uint8Array {
  const bytes = Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength)
  return isLittleEndian ? bytes : Buffer.from(bytes).swap32()
}

/**
 * @param bytes as `floatsToBytes` gives them; they may lie anywhere in memory
 * @returns a copy
 * @throws LevinError INVALID_ANSWER for a number of bytes that is no multiple of 4
 */
export function bytesToFloats(bytes: Uint8Array): Float32Array {
  if (bytes.length % FLOAT_BYTES !== 0) {
    throw new LevinError('INVALID_ANSWER', `${bytes.length} bytes are no vector: a number has ${FLOAT_BYTES}`)
  }
  const copy = Buffer.from(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  if (!isLittleEndian) copy.swap32()
  return new Float32Array(copy.buffer)
}
