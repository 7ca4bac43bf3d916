/** The part of a QUIC packet that can be read without keys (RFC 8999 and RFC 9000, section 17). Pure. */
import { CONNECTION_ID_BYTES } from './config.js'

/** RFC 9000, section 14.1: a datagram with a client's Initial is at least this large, or it is dropped. */
export const MIN_INITIAL_DATAGRAM = 1200
/** RFC 9000, section 7.2: the destination id that a client invents has at least 8 bytes. */
export const MIN_CLIENT_DCID = 8
export const QUIC_V1 = 1

export const LONG_HEADER = 0x80
export const FIXED_BIT = 0x40
const TYPE_BITS = 0x30
const MAX_CONNECTION_ID = 20

/**
 * The destination connection id of a datagram as a key (one char a byte), or undefined when there is none:
 * the datagram cannot be for us.
 */
export function destinationKey(datagram: Buffer): string | undefined {
  if (datagram.length < 1 + CONNECTION_ID_BYTES) return undefined
  if (hasShortHeader(datagram)) return datagram.toString('latin1', 1, 1 + CONNECTION_ID_BYTES)
  const length = datagram[5]!
  if (length > MAX_CONNECTION_ID || datagram.length < 6 + length) return undefined
  return datagram.toString('latin1', 6, 6 + length)
}

/** Whether a datagram of at least one byte starts with a packet of an established connection. */
export function hasShortHeader(datagram: Buffer): boolean {
  return (datagram[0]! & LONG_HEADER) === 0
}

export interface LongHeader {
  readonly version: number
  readonly isInitial: boolean
  readonly dcid: Buffer
  readonly scid: Buffer
  /** What an Initial brings back of a Retry; empty when there is none, and in every other packet. */
  readonly token: Buffer
}

/** The header of a packet that may start a connection, or undefined when it is nothing of the kind. */
export function parseLongHeader(datagram: Buffer): LongHeader | undefined {
  if (datagram.length < 7 || hasShortHeader(datagram)) return undefined
  const version = datagram.readUInt32BE(1)
  const dcidEnd = 6 + datagram[5]!
  if (dcidEnd >= datagram.length) return undefined
  const scidEnd = dcidEnd + 1 + datagram[dcidEnd]!
  if (scidEnd > datagram.length) return undefined
  const dcid = datagram.subarray(6, dcidEnd)
  const scid = datagram.subarray(dcidEnd + 1, scidEnd)
  if (version === QUIC_V1 && (dcid.length > MAX_CONNECTION_ID || scid.length > MAX_CONNECTION_ID))
    return undefined
  const isInitial = version === QUIC_V1 && (datagram[0]! & (FIXED_BIT | TYPE_BITS)) === FIXED_BIT
  const token = isInitial ? readToken(datagram, scidEnd) : NO_TOKEN
  return token && { version, isInitial, dcid, scid, token }
}

const NO_TOKEN = Buffer.alloc(0)

/** The bytes at `offset` behind a length of variable size (RFC 9000, section 16), or undefined when they are cut off. */
function readToken(datagram: Buffer, offset: number): Buffer | undefined {
  if (offset >= datagram.length) return undefined
  const lengthBytes = 1 << (datagram[offset]! >> 6)
  const start = offset + lengthBytes
  if (start > datagram.length) return undefined
  let length = datagram[offset]! & 0x3f
  // A length of 8 bytes may lose its lowest bits here, and is then far beyond any datagram all the same.
  for (let i = offset + 1; i < start; i++) length = length * 256 + datagram[i]!
  return start + length > datagram.length ? undefined : datagram.subarray(start, start + length)
}
