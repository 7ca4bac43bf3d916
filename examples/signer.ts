import { consoleLogger, type Signer, secretSigner, seedSigner, socketSigner, walletSigner } from 'levin'

/** What the command line of the examples takes to say where the hotkey is; `parseArgs` gives the values. */
export const signerArgs = {
  signer: { type: 'string' },
  'wallet.name': { type: 'string' },
  'wallet.hotkey': { type: 'string' },
  'wallet.path': { type: 'string' },
} as const

type SignerArgs = Readonly<Partial<Record<keyof typeof signerArgs, string>>>

const WALLET_VARIABLES = ['BT_WALLET_NAME', 'BT_WALLET', 'BT_WALLET_HOTKEY', 'BT_WALLET_PATH']

/**
 * The hotkey behind a signer's socket (`--signer PATH`), whose seed or mnemonic is in an environment variable, or in a
 * wallet that the arguments or `BT_WALLET_NAME` and its companions name. Without any a DEVELOPMENT hotkey: its seed stands
 * here, so anybody can sign with it.
 */
export async function signerFrom(
  args: SignerArgs,
  variable: string,
  developmentByte: number,
): Promise<Signer> {
  const logger = consoleLogger()
  if (args.signer !== undefined) return socketSigner(args.signer)
  if (process.env[variable] !== undefined) return secretSigner({ env: variable }, logger)
  const { 'wallet.name': name, 'wallet.hotkey': hotkey, 'wallet.path': path } = args
  const isNamed = name !== undefined || hotkey !== undefined || path !== undefined
  if (isNamed || WALLET_VARIABLES.some((each) => process.env[each])) {
    return walletSigner({ name, hotkey, path, logger })
  }
  const signer = seedSigner(new Uint8Array(32).fill(developmentByte))
  console.error(
    `neither a wallet nor ${variable} is given: this is the DEVELOPMENT hotkey ${signer.hotkey}, known to everybody`,
  )
  return signer
}
