import { Buffer } from 'node:buffer'
import { pbkdf2, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { argon2i } from './argon2.js'

const deriveWithPbkdf2 = promisify(pbkdf2)
const deriveWithScrypt = promisify<Buffer, Uint8Array, number, object, Buffer>(scrypt)

// The salts of these two are constants of Bittensor's tools, so that a password has one key in all files.

const NACL_SALT = Buffer.from('137183dff15a09bc9c90b5518739e9b1', 'hex')
const NACL = { passes: 8, memoryKiB: 524_288, lanes: 1, keyBytes: 32 }

const FERNET_SALT = Buffer.from('Iguesscyborgslikemyselfhaveatendencytobeparanoidaboutourorigins')
const FERNET_ROUNDS = 10_000_000
const FERNET_KEY_BYTES = 32

const VAULT_ROUNDS = 10_000

/** scrypt needs 128 x N x r bytes and a little more. */
const scryptMemory = (N: number, r: number): number => 128 * N * r + 1024 * 1024

/**
 * A password and the keys that were made of it. Those of `$NACL` and Fernet take seconds, and are made once for all files
 * that are opened with it.
 */
export class Password {
  readonly #bytes: Buffer
  #nacl: Promise<Buffer> | undefined
  #fernet: Promise<Buffer> | undefined

  /** @param bytes kept, and wiped by {@link wipe} */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** 32 bytes. Takes 4 to 6 s and 512 MiB. @throws LevinError CONFIG where there is no argon2, or not enough memory */
  naclKey(): Promise<Buffer> {
    this.#nacl ??= argon2i(this.#bytes, NACL_SALT, NACL)
    return this.#nacl
  }

  /** 32 bytes: 16 to authenticate, 16 to decrypt. Takes 2 to 3 s. */
  fernetKey(): Promise<Buffer> {
    this.#fernet ??= deriveWithPbkdf2(this.#bytes, FERNET_SALT, FERNET_ROUNDS, FERNET_KEY_BYTES, 'sha256')
    return this.#fernet
  }

  vaultKey(salt: Uint8Array, keyBytes: number): Promise<Buffer> {
    return deriveWithPbkdf2(this.#bytes, salt, VAULT_ROUNDS, keyBytes, 'sha256')
  }

  scryptKey(salt: Uint8Array, { N, p, r }: { N: number; p: number; r: number }): Promise<Buffer> {
    return deriveWithScrypt(this.#bytes, salt, 32, { N, p, r, maxmem: scryptMemory(N, r) * p })
  }

  /** After it the password opens nothing more. */
  async wipe(): Promise<void> {
    this.#bytes.fill(0)
    for (const key of [this.#nacl, this.#fernet]) (await key?.catch(() => undefined))?.fill(0)
  }
}
