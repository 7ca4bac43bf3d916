import { type Signer, seedSigner } from 'levin'

/**
 * The hotkey whose seed (0x and 64 hex digits) is in an environment variable. Without it a DEVELOPMENT hotkey: its seed
 * stands here, so anybody can sign with it.
 */
export function signerFrom(variable: string, developmentByte: number): Signer {
  const seed = process.env[variable]
  if (seed !== undefined) return seedSigner(seed)
  const signer = seedSigner(new Uint8Array(32).fill(developmentByte))
  console.error(`${variable} is not set: this is the DEVELOPMENT hotkey ${signer.hotkey}, known to everybody`)
  return signer
}
