import { Buffer } from 'node:buffer'
import {
  sr25519_keypair_from_seed,
  sr25519_pubkey,
  sr25519_sign,
  sr25519_verify,
} from '@polkadot-labs/schnorrkel-wasm'
import { isRistrettoPoint, littleEndian } from './ristretto.js'

// The only file that knows the WebAssembly module. It was chosen over @polkadot/util-crypto because a flood of
// handshakes is paid in verifies: 0.14 ms instead of 2.2 ms.
//
// The module panics on a key, signature or seed that does not decode. A panic prints a stack, leaks and leaves the
// module's stack pointer where it was: after some 10,000 of them every later call traps, in the whole process. So
// nothing reaches it from a peer that it would not decode.

export const SEED_BYTES = 32
export const SIGNATURE_BYTES = 64
export const SECRET_KEY_BYTES = 64

/** The order of the group: a scalar, of a key or a signature, must be below it. */
export const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

export interface Keypair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes: scalar times 8, as ed25519 has it, and nonce seed. */
  readonly secretKey: Uint8Array
}

/** @param seed a 32-byte mini-secret, expanded as Substrate does (ed25519 mode) */
export function keypairFromSeed(seed: Uint8Array): Keypair {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes`)
  const pair = sr25519_keypair_from_seed(seed)
  const keypair = { secretKey: pair.slice(0, SECRET_KEY_BYTES), publicKey: pair.slice(SECRET_KEY_BYTES) }
  pair.fill(0)
  return keypair
}

/** @param secretKey as in a {@link Keypair}, with a scalar that was looked at: the module panics on one that is too large */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return sr25519_pubkey(secretKey)
}

/** A native library's sr25519, which takes anything and answers garbage with false or null. */
export interface NativeSr25519 {
  sr25519Sign(keypair: Uint8Array, message: Uint8Array): Uint8Array | null
  sr25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

let native: NativeSr25519 | undefined

/** From here on `sign` and `verify` are the native library's: a handshake takes a third less time. */
export function useNative(given: NativeSr25519): void {
  native = given
}

/** A 64-byte signature in the signing context `substrate`. Randomised: no two are alike. */
export function sign(keypair: Keypair, message: Uint8Array): Uint8Array {
  const { publicKey, secretKey } = keypair
  return signNatively(keypair, message) ?? sr25519_sign(publicKey, secretKey, message)
}

function signNatively({ publicKey, secretKey }: Keypair, message: Uint8Array): Uint8Array | null | undefined {
  if (native === undefined) return undefined
  const pair = Buffer.concat([secretKey, publicKey]) // from a pool, whose memory others use after us
  try {
    return native.sr25519Sign(pair, message)
  } finally {
    pair.fill(0)
  }
}

/** Whether `signature` is the key's for `message`, in the context `substrate`. False for garbage of any kind. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (native !== undefined) return native.sr25519Verify(publicKey, message, signature)
  if (!isDecodableSignature(signature) || !isRistrettoPoint(publicKey)) return false
  try {
    return sr25519_verify(publicKey, message, signature)
  } catch {
    return false
  }
}

/** 64 bytes, with schnorrkel's marker bit, and a canonical scalar. */
function isDecodableSignature(signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || (signature[63]! & 0x80) === 0) return false
  const scalar = Uint8Array.from(signature.subarray(32)) // a copy: slice() of a Buffer would be a view
  scalar[31]! &= 0x7f
  return littleEndian(scalar) < GROUP_ORDER
}
