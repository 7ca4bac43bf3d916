/** What the chain hashes with, and hashes as JSON-RPC writes them. */
import { Buffer } from 'node:buffer'
import { blake2AsU8a } from '@polkadot/util-crypto/blake2'
import { xxhashAsU8a } from '@polkadot/util-crypto/xxhash'

/** Of blocks and transactions: BLAKE2b, 32 bytes. */
export function hashOf(bytes: Uint8Array): Uint8Array {
  return blake2AsU8a(bytes, 256)
}

/** Of the names in storage keys: 16 bytes. */
export function nameHash(name: string): Uint8Array {
  return xxhashAsU8a(name, 128)
}

export function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}

/** Undefined for what is no text of whole bytes; `0x` before it is left out by some clients. */
export function fromHex(text: unknown): Buffer | undefined {
  if (typeof text !== 'string' || !/^(0x)?([0-9a-f]{2})*$/i.test(text)) return undefined
  return Buffer.from(text.replace(/^0x/, ''), 'hex')
}
