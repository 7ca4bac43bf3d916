/** The JSON of polkadot-js and its browser extension, which the Python packages import and people copy to their miners. */
import { Buffer } from 'node:buffer'
import { naclDecrypt } from '@polkadot/util-crypto/nacl'
import { scryptFromU8a } from '@polkadot/util-crypto/scrypt'
import { keypairFromSubstrateKey } from '../../auth/secret-key.js'
import { type Keypair, SECRET_KEY_BYTES } from '../../auth/sr25519.js'
import { decodeSubstrateAddress } from '../../auth/ss58.js'
import { LevinError } from '../../errors.js'
import { printable } from '../../shown.js'
import type { Password } from '../password.js'
import { type Fields, shown } from './fields.js'

const VERSION = '3'
const ENCRYPTED = 'scrypt,xsalsa20-poly1305'
const NOT_ENCRYPTED = 'none'
const SCRYPT_BYTES = 44
const NONCE_BYTES = 24
/** Of PKCS #8 there is left what never changes. */
const HEADER = Buffer.from('3053020101300506032b657004220420', 'hex')
const DIVIDER = Buffer.from('a123032100', 'hex')
const PUBLIC_KEY_BYTES = 32

export const isPolkadotJs = (fields: Fields): boolean => 'encoded' in fields || 'encoding' in fields

/** @throws LevinError CONFIG naming the field */
export async function polkadotKeypair(fields: Fields, password: () => Promise<Password>): Promise<Keypair> {
  const { content, type, version } = (fields.encoding ?? {}) as Fields
  if (version !== VERSION) {
    throw new LevinError(
      'CONFIG',
      `its encoding.version is ${shown(version)}; ${VERSION} is read: export the account anew with polkadot-js`,
    )
  }
  if (!Array.isArray(content) || content[0] !== 'pkcs8' || content[1] !== 'sr25519') {
    throw new LevinError(
      'CONFIG',
      `its encoding.content is ${shown(content)}; pkcs8 of an sr25519 key is read, the kind that ` +
        'validators and miners know: make a hotkey of it and register that',
    )
  }
  if (typeof fields.encoded !== 'string') throw new LevinError('CONFIG', 'its field encoded is no text')
  const encoded = bytesOf(fields.encoded)
  const kind = String(Array.isArray(type) ? type.slice(0, 3).map(shownName) : shownName(type))
  if (kind !== ENCRYPTED && kind !== NOT_ENCRYPTED) {
    throw new LevinError('CONFIG', `its encoding.type is ${kind}; ${ENCRYPTED} or ${NOT_ENCRYPTED} are read`)
  }
  const body = kind === ENCRYPTED ? await opened(encoded, await password()) : encoded
  const keypair = keypairIn(body)
  body.fill(0)
  if (keypair === undefined)
    throw new LevinError('CONFIG', 'its field encoded holds no sr25519 key in the form pkcs8')
  const address = typeof fields.address === 'string' ? decodeSubstrateAddress(fields.address) : undefined
  if (address === undefined || Buffer.compare(address, keypair.publicKey) !== 0) {
    keypair.secretKey.fill(0)
    throw new LevinError(
      'CONFIG',
      'its field encoded holds the key of another address than its field address',
    )
  }
  return keypair
}

async function opened(encoded: Buffer, password: Password): Promise<Buffer> {
  const box = encoded.subarray(SCRYPT_BYTES + NONCE_BYTES)
  const key = await scryptKey(encoded, password)
  const body = key && naclDecrypt(box, encoded.subarray(SCRYPT_BYTES, SCRYPT_BYTES + NONCE_BYTES), key)
  key?.fill(0)
  if (body) return Buffer.from(body.buffer, body.byteOffset, body.length)
  throw new LevinError('CONFIG', 'the password is wrong, or its field encoded is damaged')
}

/** Undefined for parameters that the library does not allow, which are chosen by the file and cost memory. */
async function scryptKey(encoded: Buffer, password: Password): Promise<Buffer | undefined> {
  try {
    const { salt, params } = scryptFromU8a(encoded)
    return await password.scryptKey(salt, params)
  } catch {
    return undefined
  }
}

function keypairIn(body: Buffer): Keypair | undefined {
  const secretAt = HEADER.length
  const dividerAt = secretAt + SECRET_KEY_BYTES
  const publicAt = dividerAt + DIVIDER.length
  if (body.length !== publicAt + PUBLIC_KEY_BYTES) return undefined
  if (!body.subarray(0, secretAt).equals(HEADER) || !body.subarray(dividerAt, publicAt).equals(DIVIDER))
    return undefined
  const keypair = keypairFromSubstrateKey(body.subarray(secretAt, dividerAt))
  return keypair && body.subarray(publicAt).equals(keypair.publicKey) ? keypair : undefined
}

const bytesOf = (text: string): Buffer =>
  text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'base64')

const shownName = (value: unknown): string =>
  typeof value === 'string' ? printable(value.slice(0, 30)) : typeof value
