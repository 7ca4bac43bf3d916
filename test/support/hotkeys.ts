import { type Signer, seedSigner } from '../../src/index.js'

/** The suite's keys: one byte, 32 times. */
export const signerOf = (byte: number): Signer => seedSigner(new Uint8Array(32).fill(byte))
export const minerSigner = signerOf(1)
export const validatorSigner = signerOf(2)
