/** Fernet, the form before the vault: base64url of a version, a time, an IV, AES-128-CBC's ciphertext and a MAC. */
import { Buffer } from 'node:buffer'
import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { Password } from '../password.js'

/** The version 0x80 and a time whose first bytes are 0. */
export const FERNET_START = Buffer.from('gAAAAA')
const IV_AT = 9
const SEALED_AT = 25
const MAC_BYTES = 32
const HALF_KEY_BYTES = 16

/** What is inside; undefined when the password is wrong or the file was damaged. */
export async function openFernet(file: Buffer, password: Password): Promise<Buffer | undefined> {
  const text = file.toString('latin1').trimEnd()
  if (!/^[\w-]+={0,2}$/.test(text)) return undefined
  const token = Buffer.from(text, 'base64url')
  if (token.length < SEALED_AT + MAC_BYTES) return undefined
  const body = token.subarray(0, -MAC_BYTES)
  const key = await password.fernetKey()
  const expected = createHmac('sha256', key.subarray(0, HALF_KEY_BYTES)).update(body).digest()
  if (!timingSafeEqual(token.subarray(-MAC_BYTES), expected)) return undefined
  const decipher = createDecipheriv(
    'aes-128-cbc',
    key.subarray(HALF_KEY_BYTES),
    body.subarray(IV_AT, SEALED_AT),
  )
  const opened = decipher.update(body.subarray(SEALED_AT))
  try {
    return Buffer.concat([opened, decipher.final()])
  } catch {
    return undefined // a length or a padding that whoever knew the key got wrong
  } finally {
    opened.fill(0)
  }
}
