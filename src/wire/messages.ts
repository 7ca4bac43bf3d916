import { Buffer } from 'node:buffer'
import { LevinError } from '../errors.js'
import { FRAME_HEADER_BYTES } from './frame.js'
import { MessageReader } from './message-reader.js'
import { MessageType } from './message-type.js'
import { type Encoder, encoding, takeBack } from './msgpack-encoder.js'
import type { EncodedMap, SynapseData } from './value.js'

/** "I am this validator": the client's only handshake message. */
export interface HandshakeRequest {
  /** SS58. */
  readonly validatorHotkey: string
  /** UNIX seconds. */
  readonly timestamp: number
  /** 32 hex digits. */
  readonly nonce: string
  /** Base64 of 64 bytes. */
  readonly signature: string
}

export interface HandshakeResponse {
  /** SS58; empty when the request was refused before it was parsed. */
  readonly minerHotkey: string
  /** UNIX seconds. */
  readonly timestamp: number
  /** Base64 of 64 bytes; empty in a refusal. */
  readonly signature: string
  readonly accepted: boolean
  /** Empty in a refusal. */
  readonly connectionId: string
  /** Base64 of the server certificate's BLAKE2b-256; null in a refusal. */
  readonly certFingerprint: string | null
}

export interface SynapsePacket {
  readonly synapseType: string
  readonly data: SynapseData
  /** The same map as the bytes that it came in. */
  readonly encodedData: EncodedMap
  /** UNIX seconds. */
  readonly timestamp: number
  /** The W3C trace context that a Levin validator may send to a Levin miner. Not of the protocol: others never see it. */
  readonly traceparent?: string | undefined
}

export interface SynapseResponse {
  readonly success: boolean
  readonly data: SynapseData
  /** The same map as the bytes that it came in. */
  readonly encodedData: EncodedMap
  /** UNIX seconds. */
  readonly timestamp: number
  readonly error: string | null
}

export interface StreamChunk {
  readonly data: Uint8Array
}

export interface StreamEnd {
  readonly success: boolean
  readonly error: string | null
}

/** `data` on its way out: an object with the properties to send (a DTO's instance, say), or bytes that are one map. */
export type OutgoingData = object | EncodedMap

const HANDSHAKE_REQUEST = ['validator_hotkey', 'timestamp', 'nonce', 'signature']
const HANDSHAKE_RESPONSE = [
  'miner_hotkey',
  'timestamp',
  'signature',
  'accepted',
  'connection_id',
  'cert_fingerprint',
]
const SYNAPSE_PACKET = ['synapse_type', 'data', 'timestamp', 'traceparent']
const SYNAPSE_RESPONSE = ['success', 'data', 'timestamp', 'error']
const STREAM_CHUNK = ['data']
const STREAM_END = ['success', 'error']

// Each encodeX returns the whole frame, header included, as one view; its bytes stay as they are until `recycle`.
// Each decodeX takes a frame's payload and throws LevinError PROTOCOL for anything but that message.

export function encodeHandshakeRequest(message: HandshakeRequest): Buffer {
  return frame(MessageType.HandshakeRequest, (encoder) => {
    encoder.arrayHeader(4)
    encoder.string(message.validatorHotkey)
    encoder.integer(message.timestamp)
    encoder.string(message.nonce)
    encoder.string(message.signature)
  })
}

export function decodeHandshakeRequest(payload: Uint8Array): HandshakeRequest {
  const reader = new MessageReader(payload, 'HandshakeRequest', HANDSHAKE_REQUEST, 4, 4)
  const message = { validatorHotkey: '', timestamp: 0, nonce: '', signature: '' }
  for (let field = reader.next(); field >= 0; field = reader.next()) {
    if (field === 0) message.validatorHotkey = reader.string()
    else if (field === 1) message.timestamp = reader.timestamp()
    else if (field === 2) message.nonce = reader.string()
    else message.signature = reader.string()
  }
  return message
}

export function encodeHandshakeResponse(message: HandshakeResponse): Buffer {
  return frame(MessageType.HandshakeResponse, (encoder) => {
    encoder.arrayHeader(6)
    encoder.string(message.minerHotkey)
    encoder.integer(message.timestamp)
    encoder.string(message.signature)
    encoder.boolean(message.accepted)
    encoder.string(message.connectionId)
    optionalString(encoder, message.certFingerprint)
  })
}

export function decodeHandshakeResponse(payload: Uint8Array): HandshakeResponse {
  // the reference gives cert_fingerprint a default, so even the array form may lack it
  const reader = new MessageReader(payload, 'HandshakeResponse', HANDSHAKE_RESPONSE, 5, 5)
  let certFingerprint: string | null = null
  const message = { minerHotkey: '', timestamp: 0, signature: '', accepted: false, connectionId: '' }
  for (let field = reader.next(); field >= 0; field = reader.next()) {
    if (field === 0) message.minerHotkey = reader.string()
    else if (field === 1) message.timestamp = reader.timestamp()
    else if (field === 2) message.signature = reader.string()
    else if (field === 3) message.accepted = reader.boolean()
    else if (field === 4) message.connectionId = reader.string()
    else certFingerprint = reader.optionalString()
  }
  return { ...message, certFingerprint }
}

/** @throws LevinError `INVALID_REQUEST` naming the path of what cannot be encoded, for instance `data.items[3].price` */
export function encodeSynapsePacket(message: {
  synapseType: string
  data: OutgoingData
  timestamp: number
}): Buffer {
  return frame(MessageType.SynapsePacket, (encoder) => {
    encoder.arrayHeader(3)
    encoder.string(message.synapseType)
    encoder.data(message.data)
    encoder.integer(message.timestamp)
  })
}

export function decodeSynapsePacket(payload: Uint8Array): SynapsePacket {
  const reader = new MessageReader(payload, 'SynapsePacket', SYNAPSE_PACKET, 3, 3)
  let synapseType = ''
  let timestamp = 0
  let data: Data | undefined
  let traceparent: string | undefined
  for (let field = reader.next(); field >= 0; field = reader.next()) {
    if (field === 0) synapseType = reader.string()
    else if (field === 1) data = reader.data()
    else if (field === 2) timestamp = reader.timestamp()
    else traceparent = reader.string()
  }
  if (traceparent !== undefined && !isTraceparent(traceparent))
    throw new LevinError('PROTOCOL', 'SynapsePacket: traceparent is none of W3C Trace Context, version 00')
  return { synapseType, data: data!.data, encodedData: data!.encodedData, timestamp, traceparent }
}

/** W3C Trace Context, version 00: `00-{32 hex digits}-{16}-{2}`. */
export const isTraceparent = (text: string): boolean => /^00-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(text)

/** How many bytes longer a frame with a trace context is. */
export const TRACEPARENT_BYTES = 57

/**
 * The frame of a SynapsePacket, with the trace context as its fourth field: a copy, since the frame may be for others,
 * too. Only for Levin's miners: the reference takes three fields and no more.
 */
export function withTraceparent(packet: Uint8Array, traceparent: string): Buffer {
  const traced = Buffer.allocUnsafe(packet.length + TRACEPARENT_BYTES)
  traced.set(packet)
  traced.writeUInt32BE(traced.length - FRAME_HEADER_BYTES, 1)
  traced[FRAME_HEADER_BYTES] = 0x94 // an array of four
  traced[packet.length] = 0xd9 // a str of up to 255 bytes
  traced[packet.length + 1] = traceparent.length
  traced.write(traceparent, packet.length + 2, 'latin1')
  return traced
}

/** @throws LevinError `INVALID_REQUEST` naming the path of what cannot be encoded, for instance `data.items[3].price` */
export function encodeSynapseResponse(message: {
  success: boolean
  data: OutgoingData
  timestamp: number
  error: string | null
}): Buffer {
  return frame(MessageType.SynapseResponse, (encoder) => {
    encoder.arrayHeader(4)
    encoder.boolean(message.success)
    encoder.data(message.data)
    encoder.integer(message.timestamp)
    optionalString(encoder, message.error)
  })
}

export function decodeSynapseResponse(payload: Uint8Array): SynapseResponse {
  const reader = new MessageReader(payload, 'SynapseResponse', SYNAPSE_RESPONSE, 4, 3)
  let success = false
  let timestamp = 0
  let error: string | null = null
  let data: Data | undefined
  for (let field = reader.next(); field >= 0; field = reader.next()) {
    if (field === 0) success = reader.boolean()
    else if (field === 1) data = reader.data()
    else if (field === 2) timestamp = reader.timestamp()
    else error = reader.optionalString()
  }
  return { success, data: data!.data, encodedData: data!.encodedData, timestamp, error }
}

export function encodeStreamChunk(message: StreamChunk): Buffer {
  return frame(MessageType.StreamChunk, (encoder) => {
    encoder.arrayHeader(1)
    encoder.binary(message.data)
  })
}

export function decodeStreamChunk(payload: Uint8Array): StreamChunk {
  const reader = new MessageReader(payload, 'StreamChunk', STREAM_CHUNK, 1, 1)
  let data: Uint8Array | undefined
  while (reader.next() >= 0) data = reader.binary()
  return { data: data! }
}

export function encodeStreamEnd(message: StreamEnd): Buffer {
  return frame(MessageType.StreamEnd, (encoder) => {
    encoder.arrayHeader(2)
    encoder.boolean(message.success)
    optionalString(encoder, message.error)
  })
}

export function decodeStreamEnd(payload: Uint8Array): StreamEnd {
  const reader = new MessageReader(payload, 'StreamEnd', STREAM_END, 2, 1)
  let success = false
  let error: string | null = null
  for (let field = reader.next(); field >= 0; field = reader.next()) {
    if (field === 0) success = reader.boolean()
    else error = reader.optionalString()
  }
  return { success, error }
}

/**
 * To be called when nobody looks at an encoded frame any more, which is usually right after it was written: its memory
 * then serves the next one. Without it frames are a third of all memory that a request uses, and what makes the
 * garbage collector start.
 */
export function recycle(frame: Uint8Array): void {
  takeBack(frame)
}

type Data = ReturnType<MessageReader['data']>

function optionalString(encoder: Encoder, text: string | null): void {
  if (text === null) encoder.nil()
  else encoder.string(text)
}

function frame(type: MessageType, write: (encoder: Encoder) => void): Buffer {
  const bytes = encoding(FRAME_HEADER_BYTES, write)
  bytes[0] = type
  bytes.writeUInt32BE(bytes.length - FRAME_HEADER_BYTES, 1)
  return bytes
}
