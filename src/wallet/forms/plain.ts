/** The JSON that all tools of Bittensor write, as it is or inside an encrypted file. */
import { Buffer } from 'node:buffer'
import { seedOfMnemonic } from '../../auth/mnemonic.js'
import { keypairFromPrivateKey } from '../../auth/secret-key.js'
import { type Keypair, keypairFromSeed, SECRET_KEY_BYTES, SEED_BYTES } from '../../auth/sr25519.js'
import { parseHotkey } from '../../auth/ss58.js'
import { LevinError } from '../../errors.js'
import { type Fields, shown } from './fields.js'

/** bittensor-wallet's number for sr25519; files from before 4 have no `cryptoType` and are sr25519. */
export const SR25519 = 1

/** The secrets, in the order in which the Python packages look at them. */
const SECRETS: Readonly<Record<string, (text: string) => Keypair | undefined>> = {
  secretPhrase: (words) => fromSeed(seedOfMnemonic(words)),
  secretSeed: (hex) => fromSeed(bytesOf(hex, SEED_BYTES)),
  privateKey: (hex) => fromPrivateKey(bytesOf(hex, SECRET_KEY_BYTES)),
}

/**
 * The keypair of the first secret that gives the file's address. Others may be broken: bittensor-wallet 4.1.1 writes some
 * seeds as text that nobody can read, beside a good `privateKey`.
 * @throws LevinError CONFIG naming the field
 */
export function plainKeypair(fields: Fields): Keypair {
  checkCryptoType(fields.cryptoType)
  const present = Object.keys(SECRETS).filter((name) => typeof fields[name] === 'string')
  if (present.length === 0) {
    throw new LevinError(
      'CONFIG',
      `it has no secret: none of ${Object.keys(SECRETS).join(', ')}, only ${shownNames(fields)}. ` +
        'Name the hotkey itself, not what is written beside it for others (…pub.txt)',
    )
  }
  const publicKey = publicKeyIn(fields)
  const readable = present
    .map((name) => SECRETS[name]!(fields[name] as string))
    .filter((keypair) => keypair !== undefined)
  const chosen = readable.find((keypair) => isOf(publicKey ?? readable[0]!.publicKey, keypair))
  const isAmbiguous =
    publicKey === undefined && !readable.every((keypair) => isOf(chosen!.publicKey, keypair))
  for (const keypair of readable) if (keypair !== chosen || isAmbiguous) keypair.secretKey.fill(0)
  if (isAmbiguous) {
    throw new LevinError(
      'CONFIG',
      `its ${present.join(', ')} are of different keys, and no ss58Address says which`,
    )
  }
  if (chosen !== undefined) return chosen
  throw new LevinError(
    'CONFIG',
    publicKey === undefined
      ? `its ${present.join(', ')} cannot be read`
      : `its ${present.join(', ')} cannot be read, or is of another key than its ss58Address`,
  )
}

const isOf = (publicKey: Uint8Array, keypair: Keypair): boolean =>
  Buffer.compare(keypair.publicKey, publicKey) === 0

function checkCryptoType(cryptoType: unknown): void {
  if (cryptoType === undefined || cryptoType === SR25519) return
  const found = cryptoType === 0 ? '0, which is ed25519' : shown(cryptoType)
  throw new LevinError(
    'CONFIG',
    `its cryptoType is ${found}; validators and miners know sr25519 alone (1): make a hotkey of that kind and register it`,
  )
}

/** What the file says that its key is; its three fields must say the same. */
function publicKeyIn(fields: Fields): Uint8Array | undefined {
  let found: Uint8Array | undefined
  for (const name of ['ss58Address', 'publicKey', 'accountId']) {
    const value = fields[name]
    if (value === undefined) continue
    const text = typeof value === 'string' ? value : ''
    const key = name === 'ss58Address' ? parseHotkey(text) : bytesOf(text, 32)
    if (key === undefined) throw new LevinError('CONFIG', `its ${name} is ${shown(value)}, which is none`)
    if (found !== undefined && Buffer.compare(found, key) !== 0) {
      throw new LevinError('CONFIG', `its ${name} is of another key than its ss58Address or publicKey`)
    }
    found = key
  }
  return found
}

function fromSeed(seed: Uint8Array | undefined): Keypair | undefined {
  if (seed === undefined) return undefined
  const keypair = keypairFromSeed(seed)
  seed.fill(0)
  return keypair
}

function fromPrivateKey(bytes: Uint8Array | undefined): Keypair | undefined {
  if (bytes === undefined) return undefined
  const keypair = keypairFromPrivateKey(bytes)
  bytes.fill(0)
  return keypair
}

function bytesOf(hex: string, length: number): Buffer | undefined {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex
  return digits.length === 2 * length && /^[0-9a-f]+$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined
}

const MAX_NAMES = 8
function shownNames(fields: Fields): string {
  const names = Object.keys(fields)
    .slice(0, MAX_NAMES)
    .map((name) => (/^[a-zA-Z0-9_]{1,20}$/.test(name) ? name : '…'))
  return names.length === 0 ? 'an empty object' : names.join(', ')
}
