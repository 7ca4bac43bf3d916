import { Buffer } from 'node:buffer'
import { littleEndian } from './ristretto.js'
import { GROUP_ORDER, type Keypair, publicKeyOf, SECRET_KEY_BYTES } from './sr25519.js'

// Two ways to write the same 64 bytes. schnorrkel's own has the scalar as it is; Substrate's, which sr25519.ts and
// polkadot-js's files use, has it times the cofactor 8, as ed25519 does. The nonce's 32 bytes are alike.

const COFACTOR_BITS = 3n
const SCALAR_BYTES = 32

/** A keypair from schnorrkel's form, `privateKey` of Bittensor's files; undefined for what is no secret key. */
export function keypairFromPrivateKey(bytes: Uint8Array): Keypair | undefined {
  if (bytes.length !== SECRET_KEY_BYTES) return undefined
  const scalar = littleEndian(bytes.subarray(0, SCALAR_BYTES))
  if (scalar === 0n || scalar >= GROUP_ORDER) return undefined
  const secretKey = Buffer.from(bytes)
  let rest = scalar << COFACTOR_BITS
  for (let i = 0; i < SCALAR_BYTES; i++) {
    secretKey[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return { secretKey, publicKey: publicKeyOf(secretKey) }
}

/** A keypair from Substrate's form, as polkadot-js's files hold it; undefined for what is no secret key. */
export function keypairFromSubstrateKey(bytes: Uint8Array): Keypair | undefined {
  if (bytes.length !== SECRET_KEY_BYTES) return undefined
  const multiple = littleEndian(bytes.subarray(0, SCALAR_BYTES))
  const scalar = multiple >> COFACTOR_BITS
  if (scalar << COFACTOR_BITS !== multiple || scalar === 0n || scalar >= GROUP_ORDER) return undefined
  const secretKey = Buffer.from(bytes)
  return { secretKey, publicKey: publicKeyOf(secretKey) }
}

/** schnorrkel's form of a keypair's secret, as {@link keypairFromPrivateKey} reads it. */
export function privateKeyOf({ secretKey }: Keypair): Buffer {
  const bytes = Buffer.from(secretKey)
  let rest = littleEndian(bytes.subarray(0, SCALAR_BYTES)) >> COFACTOR_BITS
  for (let i = 0; i < SCALAR_BYTES; i++) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}
