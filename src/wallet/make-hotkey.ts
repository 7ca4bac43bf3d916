/** New hotkeys, in the form that btcli and the Python packages write and read. */
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { mnemonicOf, seedOfMnemonic } from '../auth/mnemonic.js'
import { privateKeyOf } from '../auth/secret-key.js'
import { keypairFromSeed } from '../auth/sr25519.js'
import { encodeHotkey } from '../auth/ss58.js'
import { LevinError } from '../errors.js'
import { hotkeyFile, systemWords, type WalletPlace } from './files.js'
import { sealNacl } from './forms/nacl.js'
import { SR25519 } from './forms/plain.js'
import type { Password } from './password.js'

/** For twelve words, as btcli makes them. */
const ENTROPY_BYTES = 16

export interface MadeHotkey {
  readonly file: string
  /** SS58. */
  readonly hotkey: string
}

/**
 * Makes a hotkey and writes its file with mode 0600, in folders of mode 0700.
 * @param password encrypts the file as `$NACL`; without one it is JSON that whoever reads it can use
 * @throws LevinError CONFIG when there is such a file already, which is never written over, or it cannot be written
 */
export async function makeHotkey(place: WalletPlace, password?: Password): Promise<MadeHotkey> {
  const file = hotkeyFile(place)
  const words = mnemonicOf(randomBytes(ENTROPY_BYTES))
  const seed = seedOfMnemonic(words)!
  const keypair = keypairFromSeed(seed)
  const privateKey = privateKeyOf(keypair)
  const publicKey = hex(keypair.publicKey)
  const hotkey = encodeHotkey(keypair.publicKey)
  const json = Buffer.from(
    JSON.stringify({
      accountId: publicKey,
      publicKey,
      privateKey: hex(privateKey),
      secretPhrase: words,
      secretSeed: hex(seed),
      ss58Address: hotkey,
      cryptoType: SR25519,
    }),
  )
  for (const secret of [seed, privateKey, keypair.secretKey]) secret.fill(0)
  try {
    const bytes = password === undefined ? json : await sealNacl(json, randomBytes, password)
    await writeNew(file, bytes)
  } finally {
    json.fill(0)
  }
  return { file, hotkey }
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const opened = await open(file, 'wx', 0o600)
    try {
      await opened.writeFile(bytes)
      await opened.sync()
    } finally {
      await opened.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new LevinError(
        'CONFIG',
        `there is a key file ${file} already, and none is written over: choose another name`,
      )
    throw new LevinError('CONFIG', `the key file ${file} cannot be written: ${systemWords(error)}`)
  }
}

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`
