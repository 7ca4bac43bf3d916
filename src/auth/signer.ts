import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { LevinError } from '../errors.js'
import { seedOfMnemonic } from './mnemonic.js'
import { type Keypair, keypairFromSeed, SEED_BYTES, SIGNATURE_BYTES, sign, verify } from './sr25519.js'
import { decodeHotkey, encodeHotkey } from './ss58.js'

/** A hotkey that can sign. The key itself may live elsewhere: in another process, an HSM, a remote signer. */
export interface Signer {
  /** SS58, prefix 42. */
  readonly hotkey: string
  /** @returns the 64-byte sr25519 signature of `message` in the signing context `substrate` */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** 32 secret bytes for a purpose of our own, always the same, from which nothing of the key can be learnt. */
  secretFor?(purpose: string): Uint8Array
}

/**
 * A signer from a hotkey's secret seed (`secretSeed` in a Bittensor wallet file).
 * @param seed 32 bytes, or `0x` and 64 hex digits
 * @throws LevinError `CONFIG` for anything else; the message never shows the seed
 */
export function seedSigner(seed: Uint8Array | string): Signer {
  const bytes = seedBytes(seed)
  const signer = keypairSigner(keypairFromSeed(bytes))
  if (bytes !== seed) bytes.fill(0)
  return signer
}

/**
 * A signer from the words that a wallet was made from (BIP-39 in English, without a passphrase or a derivation path).
 * @param mnemonic 12, 15, 18, 21 or 24 words with spaces between them
 * @throws LevinError `CONFIG` for anything else; the message never shows the words
 */
export function mnemonicSigner(mnemonic: string): Signer {
  const seed = typeof mnemonic === 'string' ? seedOfMnemonic(mnemonic) : undefined
  if (seed === undefined) {
    throw new LevinError(
      'CONFIG',
      'that is no mnemonic: 12, 15, 18, 21 or 24 English words of BIP-39, of which the last fits the others',
    )
  }
  const signer = seedSigner(seed)
  seed.fill(0)
  return signer
}

/** A signer that keeps the keypair, which nothing shows: not `inspect`, not JSON, not its keys. */
export function keypairSigner(keypair: Keypair): Signer {
  const secret = createHmac('sha256', keypair.secretKey).update('levin').digest()
  return {
    hotkey: encodeHotkey(keypair.publicKey),
    sign: (message) => sign(keypair, message),
    secretFor: (purpose) => createHmac('sha256', secret).update(purpose).digest(),
  }
}

/**
 * A signer whose key lives elsewhere. Each signature is verified before it is used, so that a wrong key shows here
 * and not as a refusal by every peer.
 * @param hotkey SS58 address of the key that `sign` uses
 * @throws LevinError `CONFIG` when `hotkey` is none; `sign` rejects with `CONFIG` when the callback fails, or returns
 *   what is not the hotkey's signature; a LevinError of the callback is passed on as it is
 */
export function callbackSigner(
  hotkey: string,
  sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Signer {
  const publicKey = decodeHotkey(hotkey)
  return {
    hotkey,
    async sign(message) {
      let signature: Uint8Array
      try {
        signature = await sign(message)
      } catch (error) {
        if (error instanceof LevinError) throw error
        throw new LevinError('CONFIG', `the signer of ${hotkey} failed: see the cause`, { cause: error })
      }
      if (!(signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES)) {
        throw new LevinError(
          'CONFIG',
          `the signer of ${hotkey} must return a Uint8Array of ${SIGNATURE_BYTES} bytes`,
        )
      }
      if (!verify(publicKey, message, signature)) {
        throw new LevinError(
          'CONFIG',
          `the signer of ${hotkey} returned a signature that is not this hotkey's: ` +
            'sign the bytes as they are, with sr25519, context "substrate", and the key of this hotkey',
        )
      }
      return signature
    },
  }
}

function seedBytes(seed: Uint8Array | string): Uint8Array {
  if (typeof seed === 'string' && /^0x[0-9a-f]{64}$/i.test(seed)) return Buffer.from(seed.slice(2), 'hex')
  if (seed instanceof Uint8Array && seed.length === SEED_BYTES) return seed
  throw new LevinError(
    'CONFIG',
    'a seed is 32 bytes, or 0x and 64 hex digits; words are for mnemonicSigner, and files for walletSigner',
  )
}
