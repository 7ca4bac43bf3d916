/** Ansible's vault, which older tools wrote: hex of the hex of a salt, a MAC and the ciphertext. */
import { Buffer } from 'node:buffer'
import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { Password } from '../password.js'

export const VAULT_START = Buffer.from('$ANSIBLE_VAULT')
const HEADER = '$ANSIBLE_VAULT;1.1;AES256'
const KEY_BYTES = 32
const COUNTER_BYTES = 16

/** What is inside; undefined when the password is wrong, the file was damaged, or it is a vault of another version. */
export async function openVault(file: Buffer, password: Password): Promise<Buffer | undefined> {
  const [header, ...lines] = file.toString('latin1').trimEnd().split(/\r?\n/)
  if (header !== HEADER) return undefined
  const [salt, mac, sealed, ...more] = (bytesOf(lines.join(''))?.toString('latin1') ?? '')
    .split('\n')
    .map(bytesOf)
  if (salt === undefined || mac === undefined || sealed === undefined || more.length > 0) return undefined
  const keys = await password.vaultKey(salt, 2 * KEY_BYTES + COUNTER_BYTES)
  try {
    return unsealed(sealed, mac, keys)
  } finally {
    keys.fill(0)
  }
}

function unsealed(sealed: Buffer, mac: Buffer, keys: Buffer): Buffer | undefined {
  const expected = createHmac('sha256', keys.subarray(KEY_BYTES, 2 * KEY_BYTES))
    .update(sealed)
    .digest()
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) return undefined
  const decipher = createDecipheriv('aes-256-ctr', keys.subarray(0, KEY_BYTES), keys.subarray(2 * KEY_BYTES))
  const padded = decipher.update(sealed) // all of it, in counter mode
  const padding = padded.at(-1) ?? 0
  return padding >= 1 && padding <= 16 && padding <= padded.length ? padded.subarray(0, -padding) : undefined
}

function bytesOf(hex: string): Buffer | undefined {
  return /^([0-9a-f]{2})+$/i.test(hex) ? Buffer.from(hex, 'hex') : undefined
}
