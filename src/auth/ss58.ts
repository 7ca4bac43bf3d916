import { decodeAddress } from '@polkadot/util-crypto/address/decode'
import { encodeAddress } from '@polkadot/util-crypto/address/encode'
import { LevinError } from '../errors.js'
import { shown } from '../shown.js'

/** Bittensor's address type: every hotkey starts with a 5. */
const PREFIX = 42
const KEY_BYTES = 32

/** One prefix byte, a key and a checksum always make 48 characters when the prefix is 42. */
const HOTKEY = /^[1-9A-HJ-NP-Za-km-z]{48}$/

/**
 * A public key as its SS58 hotkey.
 * @throws LevinError `CONFIG` when the key has not 32 bytes
 */
export function encodeHotkey(publicKey: Uint8Array): string {
  if (publicKey.length !== KEY_BYTES) {
    throw new LevinError('CONFIG', `a public key has ${KEY_BYTES} bytes, not ${publicKey.length}`)
  }
  return encodeAddress(publicKey, PREFIX)
}

/**
 * The 32-byte public key of a hotkey that a peer sent, or undefined. Only the one canonical text of a key passes, so
 * a text that parsed is as good a table key as the public key itself.
 */
export function parseHotkey(text: string): Uint8Array | undefined {
  // decodeAddress alone would also take hex, other key lengths and ignore a prefix
  if (!HOTKEY.test(text)) return undefined
  try {
    const key = decodeAddress(text, false, PREFIX)
    return key.length === KEY_BYTES ? key : undefined
  } catch {
    return undefined
  }
}

/**
 * The 32-byte public key of a hotkey from our own configuration.
 * @throws LevinError `CONFIG` when it is not an SS58 address with prefix 42
 */
export function decodeHotkey(text: string): Uint8Array {
  const key = typeof text === 'string' ? parseHotkey(text) : undefined
  if (key === undefined) {
    throw new LevinError(
      'CONFIG',
      `${JSON.stringify(typeof text === 'string' ? shown(text, 64) : text)} is not a hotkey: give its SS58 address (it starts with 5)`,
    )
  }
  return key
}

/** The 32-byte public key of an address with any network's prefix, or undefined: one key has an address in each network. */
export function decodeSubstrateAddress(text: string): Uint8Array | undefined {
  if (!/^[1-9A-HJ-NP-Za-km-z]{46,50}$/.test(text)) return undefined
  try {
    const key = decodeAddress(text)
    return key.length === KEY_BYTES ? key : undefined
  } catch {
    return undefined
  }
}
