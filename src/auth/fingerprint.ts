import { Buffer } from 'node:buffer'
import { blake2AsU8a } from '@polkadot/util-crypto/blake2'

/**
 * How the handshake names a TLS certificate: BLAKE2b-256 of its DER bytes, in standard padded base64 (44 characters).
 */
export function certificateFingerprint(der: Uint8Array): string {
  return Buffer.from(blake2AsU8a(der, 256)).toString('base64')
}
