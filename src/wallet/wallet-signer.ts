import { keypairSigner, mnemonicSigner, type Signer, seedSigner } from '../auth/signer.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { checkKeys } from '../options.js'
import { checkLogger } from '../pino-logger.js'
import { hotkeyFile, readKeyFile, type WalletPlace } from './files.js'
import { keypairIn } from './key-file.js'
import { Password } from './password.js'
import { type PasswordSource, readSecret, type SecretSource } from './secret-source.js'

/** Which key file is read, and what opens it. */
export interface WalletOptions {
  /** Name of the wallet. Default: `BT_WALLET_NAME`, else `BT_WALLET`, else `default`. */
  readonly name?: string | undefined
  /** Name of the hotkey. Default: `BT_WALLET_HOTKEY`, else `default`. */
  readonly hotkey?: string | undefined
  /** The folder of all wallets. Default: `BT_WALLET_PATH`, else `~/.bittensor/wallets`. */
  readonly path?: string | undefined
  /** Asked for when the file is encrypted. Default: the file that `BT_WALLET_PASSWORD_FILE` names. */
  readonly password?: PasswordSource | undefined
  /** Hears of files that others can read. Default: `pinoLogger()`. */
  readonly logger?: Logger | undefined
}

/**
 * The signer of a hotkey in a Bittensor wallet on this machine, in any form that btcli, the Python packages and polkadot-js
 * write: `docs/wallet.md` has them all.
 * @throws LevinError `CONFIG` that names the file and the field, and says what to do; it shows nothing of a secret
 * @example
 * const miner = new Miner({ signer: await walletSigner({ name: 'alice', hotkey: 'miner1' }), access })
 */
export async function walletSigner(options: WalletOptions = {}): Promise<Signer> {
  checkKeys('walletSigner', options, ['name', 'hotkey', 'path', 'password', 'logger'])
  const logger = checkLogger('walletSigner', options.logger, 'info')
  const source = options.password ?? passwordFile()
  let password: Password | undefined
  const unlock = async (): Promise<Password | undefined> => {
    if (source !== undefined) password ??= await readPassword(source, logger)
    return password
  }
  try {
    return await hotkeySigner(walletPlace(options), unlock, logger)
  } finally {
    await password?.wipe()
  }
}

/** The signer of one hotkey; `password` is asked for when its file is encrypted. @throws as {@link walletSigner} */
export async function hotkeySigner(
  place: WalletPlace,
  password: () => Promise<Password | undefined>,
  logger: Logger,
): Promise<Signer> {
  const file = hotkeyFile(place)
  return keypairSigner(await keypairIn(file, await readKeyFile(file, logger), password))
}

export async function readPassword(source: PasswordSource, logger: Logger): Promise<Password> {
  return new Password(await readSecret('the password', source, logger))
}

/** The names of a hotkey, where the options do not give them from the environment or by default. An empty variable is none. */
export function walletPlace(options: Partial<Record<keyof WalletPlace, string | undefined>>): WalletPlace {
  const { env } = process
  return {
    name: options.name ?? (env.BT_WALLET_NAME || env.BT_WALLET || 'default'),
    hotkey: options.hotkey ?? (env.BT_WALLET_HOTKEY || 'default'),
    path: options.path ?? (env.BT_WALLET_PATH || '~/.bittensor/wallets'),
  }
}

/** Where the environment says that the password is. */
export function passwordFile(): PasswordSource | undefined {
  const file = process.env.BT_WALLET_PASSWORD_FILE
  return file ? { file } : undefined
}

/**
 * A signer from a seed (`0x` and 64 hex digits) or a mnemonic that an environment variable, a file descriptor, a file or a
 * function gives. The variable is deleted once it was read.
 * @param logger hears of a file that others can read, default `pinoLogger()`
 * @throws LevinError `CONFIG` for anything else, without showing it
 * @example
 * const signer = await secretSigner({ env: 'MINER_SEED' })
 */
export async function secretSigner(source: SecretSource, logger?: Logger): Promise<Signer> {
  const hears = checkLogger('secretSigner', logger, 'info')
  const secret = await readSecret('the seed or mnemonic', source, hears)
  try {
    const text = secret.toString('utf8').trim()
    return text.startsWith('0x') ? seedSigner(text) : mnemonicSigner(text)
  } catch {
    throw new LevinError(
      'CONFIG',
      'what was given as seed or mnemonic is none: give 0x and 64 hex digits, or the words',
    )
  } finally {
    secret.fill(0)
  }
}
