import { type Signer, seedSigner } from 'levin'

/** A key of its own for each miner of the subnet. */
export function minerSigner(index: number): Signer {
  const seed = Buffer.alloc(32, 0xa5)
  seed.writeUInt32LE(index)
  return seedSigner(seed)
}
