import { Buffer } from 'node:buffer'
import { createPublicKey, verify as verifyWith } from 'node:crypto'

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/** What stands before the 32 bytes of a key in its DER form (RFC 8410, section 4). */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Whether `signature` is the ed25519 key's for `message`. False for garbage of any kind. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  try {
    const key = createPublicKey({
      key: Buffer.concat([DER_PREFIX, publicKey]),
      format: 'der',
      type: 'spki',
    })
    return verifyWith(null, message, key, signature)
  } catch {
    return false
  }
}
