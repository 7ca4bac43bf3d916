import { Buffer } from 'node:buffer'
import * as crypto from 'node:crypto'
import { LevinError } from '../errors.js'

export interface Argon2Cost {
  readonly passes: number
  readonly memoryKiB: number
  readonly lanes: number
  readonly keyBytes: number
}

/** Node's own, from 24.7 on; the types of Node 20 do not have it. */
type NodeArgon2 = (
  algorithm: 'argon2i',
  parameters: {
    message: Uint8Array
    nonce: Uint8Array
    parallelism: number
    tagLength: number
    memory: number
    passes: number
  },
  done: (error: Error | null, key: Buffer) => void,
) => void

/** argon2i, version 1.3. @throws LevinError CONFIG where there is no argon2, or not enough memory */
export async function argon2i(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Buffer> {
  const native = (crypto as { argon2?: NodeArgon2 }).argon2
  try {
    return await (native === undefined
      ? inWebAssembly(password, salt, cost)
      : inNode(native, password, salt, cost))
  } catch (error) {
    if (error instanceof LevinError) throw error
    throw new LevinError(
      'CONFIG',
      `a key cannot be made of the password with argon2, which takes ${cost.memoryKiB / 1024} MiB of memory: ` +
        (error instanceof Error ? error.message : 'no reason is given'),
    )
  }
}

function inNode(
  argon2: NodeArgon2,
  password: Uint8Array,
  salt: Uint8Array,
  cost: Argon2Cost,
): Promise<Buffer> {
  const { lanes, keyBytes, memoryKiB, passes } = cost
  return new Promise((resolve, reject) => {
    argon2(
      'argon2i',
      { message: password, nonce: salt, parallelism: lanes, tagLength: keyBytes, memory: memoryKiB, passes },
      (error, key) => (error === null ? resolve(Buffer.from(key)) : reject(error)),
    )
  })
}

async function inWebAssembly(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Buffer> {
  const { argon2i } = await import('hash-wasm').catch(() => {
    throw new LevinError(
      'CONFIG',
      `this Node (${process.version}) has no argon2, which this key file needs: npm install hash-wasm, or take Node 24.7 or newer`,
    )
  })
  const key = await argon2i({
    password,
    salt,
    iterations: cost.passes,
    memorySize: cost.memoryKiB,
    parallelism: cost.lanes,
    hashLength: cost.keyBytes,
    outputType: 'binary',
  })
  return Buffer.from(key.buffer, key.byteOffset, key.length)
}
