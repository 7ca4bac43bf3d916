/** Pure. The transaction `serve_axon`, byte for byte: the same at spec 293, 365 and 461. */
import { LevinError } from '../errors.js'
import type { ChainIp } from './host.js'

export interface ServeAxon extends ChainIp {
  readonly netuid: number
  readonly version: number
  readonly port: number
  readonly protocol: number
  readonly placeholder1: number
  readonly placeholder2: number
}

/** For how long a transaction counts: `period` blocks, a power of two from 4 to 4,096, from the block `current` on. */
export interface Era {
  readonly period: number
  readonly current: number
}

/** What a signature covers besides the call. */
export interface SignedContext {
  /** Undefined for a transaction that counts for ever. */
  readonly era: Era | undefined
  /** How many transactions the account has made before. */
  readonly nonce: number
  readonly specVersion: number
  readonly transactionVersion: number
  /** 32 bytes. */
  readonly genesisHash: Uint8Array
  /** Of the block `era.current`, or genesis without an era. 32 bytes. */
  readonly eraHash: Uint8Array
}

/** Index of the pallet SubtensorModule, and of serve_axon in it. */
const SERVE_AXON = [7, 4]
/** Version 4, signed. */
const SIGNED = 0x84
/** Of the kinds of addresses: a public key. Of the kinds of signatures: sr25519. */
const ID = 0
const SR25519 = 1

export function encodeServeAxon(call: ServeAxon): Buffer {
  const { netuid, version, ip, port, ipType, protocol, placeholder1, placeholder2 } = call
  const bytes = Buffer.alloc(30)
  bytes.set(SERVE_AXON)
  bytes.writeUInt16LE(netuid, 2)
  bytes.writeUInt32LE(version, 4)
  bytes.writeBigUInt64LE(ip & 0xffff_ffff_ffff_ffffn, 8)
  bytes.writeBigUInt64LE(ip >> 64n, 16)
  bytes.writeUInt16LE(port, 24)
  bytes.set([ipType, protocol, placeholder1, placeholder2], 26)
  return bytes
}

/** What is signed. The chain wants a hash of what is longer than 256 bytes; this is half of that at most. */
export function signedPayload(call: Uint8Array, context: SignedContext): Buffer {
  const { specVersion, transactionVersion, genesisHash, eraHash } = context
  const versions = Buffer.alloc(8)
  versions.writeUInt32LE(specVersion, 0)
  versions.writeUInt32LE(transactionVersion, 4)
  return Buffer.concat([call, extensions(context), versions, genesisHash, eraHash, Buffer.of(0)])
}

/** With its length, as a node takes it. */
export function encodeExtrinsic(
  call: Uint8Array,
  context: SignedContext,
  publicKey: Uint8Array,
  signature: Uint8Array,
): Buffer {
  const head = Buffer.concat([Buffer.of(SIGNED, ID), publicKey, Buffer.of(SR25519), signature])
  const body = Buffer.concat([head, extensions(context), call])
  return Buffer.concat([compact(body.length), body])
}

/** Era, nonce, no tip, no hash of the metadata. */
const extensions = ({ era, nonce }: SignedContext): Buffer =>
  Buffer.concat([encodeEra(era), compact(nonce), Buffer.of(0, 0)])

function encodeEra(era: Era | undefined): Buffer {
  if (era === undefined) return Buffer.of(0)
  const { period, current } = era
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE((Math.log2(period) - 1) | ((current % period) << 4))
  return bytes
}

/** @throws LevinError PROTOCOL for 2^30 and more: no account has made so many transactions */
function compact(value: number): Buffer {
  if (value < 2 ** 6) return Buffer.of(value << 2)
  if (value >= 2 ** 30) throw new LevinError('PROTOCOL', `${value} is no length and no nonce`)
  const bytes = Buffer.alloc(value < 2 ** 14 ? 2 : 4)
  bytes.writeUIntLE(value * 4 + (bytes.length === 2 ? 1 : 2), 0, bytes.length)
  return bytes
}
