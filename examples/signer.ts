import { consoleLogger, type Signer, secretSigner, seedSigner } from 'levin'
import { type ConfigValues, signerFrom, walletOptions } from 'levin/config'

/**
 * The hotkey behind a signer's socket, in a wallet that the arguments or the environment name, or whose seed or mnemonic
 * is in a variable of its own. Without any a DEVELOPMENT hotkey: its seed stands here, so anybody can sign with it.
 */
export async function exampleSigner(
  values: ConfigValues<typeof walletOptions>,
  variable: string,
  developmentByte: number,
): Promise<Signer> {
  const logger = consoleLogger()
  if (values.signer === undefined && process.env[variable] !== undefined) {
    return secretSigner({ env: variable }, logger)
  }
  const names = Object.keys(walletOptions) as (keyof typeof walletOptions)[]
  if (names.some((name) => values[name] !== undefined)) return signerFrom(values, logger)
  const signer = seedSigner(new Uint8Array(32).fill(developmentByte))
  console.error(
    `neither a wallet nor ${variable} is given: this is the DEVELOPMENT hotkey ${signer.hotkey}, known to everybody`,
  )
  return signer
}
