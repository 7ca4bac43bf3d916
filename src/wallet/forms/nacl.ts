/** `$NACL`, what bittensor-wallet and bittensor write today: a nonce, then a secretbox whose tag comes first. */
import { Buffer } from 'node:buffer'
import { naclDecrypt, naclEncrypt } from '@polkadot/util-crypto/nacl'
import type { Password } from '../password.js'

export const NACL_START = Buffer.from('$NACL')
const NONCE_BYTES = 24
const TAG_BYTES = 16

/** What is inside; undefined when the password is wrong or the file was damaged. @throws LevinError CONFIG as {@link Password.naclKey} does */
export async function openNacl(file: Buffer, password: Password): Promise<Buffer | undefined> {
  const nonce = file.subarray(NACL_START.length, NACL_START.length + NONCE_BYTES)
  const box = file.subarray(NACL_START.length + NONCE_BYTES)
  if (box.length < TAG_BYTES) return undefined
  const opened = naclDecrypt(box, nonce, await password.naclKey())
  return opened === null ? undefined : Buffer.from(opened.buffer, opened.byteOffset, opened.length)
}

/** The whole file around what is inside. @param randomBytes gives the nonce @throws LevinError CONFIG as {@link Password.naclKey} does */
export async function sealNacl(
  inside: Buffer,
  randomBytes: (count: number) => Uint8Array,
  password: Password,
): Promise<Buffer> {
  const { encrypted, nonce } = naclEncrypt(inside, await password.naclKey(), randomBytes(NONCE_BYTES))
  return Buffer.concat([NACL_START, nonce, encrypted])
}
