import { entropyToMnemonic } from '@polkadot/util-crypto/mnemonic/bip39'
import { mnemonicToMiniSecret } from '@polkadot/util-crypto/mnemonic/toMiniSecret'

/** The longest that BIP-39 allows: 24 words of at most 8 letters, and the spaces between them. */
const MAX_MNEMONIC_LENGTH = 24 * 9

/** The 32-byte seed of a BIP-39 mnemonic, as Substrate derives it: from its entropy. Undefined when it is none. */
export function seedOfMnemonic(mnemonic: string): Uint8Array | undefined {
  const words = mnemonic.length <= 2 * MAX_MNEMONIC_LENGTH ? mnemonic.trim().split(/\s+/).join(' ') : ''
  if (!/^[a-z]+( [a-z]+){11,23}$/.test(words)) return undefined
  try {
    // JavaScript alone: the package's WebAssembly would have to be started first, and is not needed for one key.
    return mnemonicToMiniSecret(words, '', undefined, true)
  } catch {
    return undefined // its error may quote the words
  }
}

/** The words of 16 random bytes, which are twelve. */
export const mnemonicOf = (entropy: Uint8Array): string => entropyToMnemonic(entropy)
