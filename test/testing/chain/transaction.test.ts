/** Transactions that Bittensor's SDK encoded, taken apart. */
import { describe, expect, test } from 'vitest'
import { ScaleWriter } from '../../../src/testing/chain/scale.js'
import { birthOf, decodeTransaction, signedPayload } from '../../../src/testing/chain/transaction.js'
import { recordedJson } from './recorded.js'

interface Vectors {
  readonly spec_version: number
  readonly transaction_version: number
  readonly genesis_hash: string
  readonly public_key: string
  readonly signature: string
  readonly cases: readonly {
    readonly args: Readonly<Record<string, string>>
    readonly era: string | { readonly period: number; readonly current: number }
    readonly nonce: number
    readonly era_block_hash: string
    readonly payload: string
    readonly extrinsic: string
  }[]
}

const vectors = recordedJson<Vectors>('serve_axon.spec461.json')
const bytes = (hex: string): Buffer => Buffer.from(hex.slice(2), 'hex')
const hex = (from: Uint8Array): string => `0x${Buffer.from(from).toString('hex')}`

describe.each(vectors.cases)('serve_axon to subnet $args.netuid at nonce $nonce', (vector) => {
  const transaction = decodeTransaction(bytes(vector.extrinsic))

  test('says what was asked for', () => {
    const { netuid, address, axon } = transaction.call
    expect({
      netuid: `${netuid}`,
      version: `${axon.version}`,
      ip: `${address.ip}`,
      port: `${axon.port}`,
      ip_type: `${address.type}`,
      protocol: `${axon.protocol}`,
      placeholder1: `${axon.placeholder1}`,
      placeholder2: `${axon.placeholder2}`,
    }).toEqual(vector.args)
    expect(transaction.nonce).toBe(vector.nonce)
    expect(hex(transaction.publicKey)).toBe(vectors.public_key)
    expect(hex(transaction.signature)).toBe(vectors.signature)
  })

  test('counts from the right block', () => {
    if (typeof vector.era === 'string') {
      expect(transaction.era).toBeUndefined()
      return
    }
    const { period, current } = vector.era
    expect(transaction.era?.period).toBe(period)
    // Within the era each block finds the same first one.
    expect(birthOf(transaction.era!, current)).toBe(current)
    expect(birthOf(transaction.era!, current + period - 1)).toBe(current)
    expect(birthOf(transaction.era!, current + period)).toBe(current + period)
  })

  test('is signed over the same bytes', () => {
    const payload = signedPayload(transaction, {
      specVersion: vectors.spec_version,
      transactionVersion: vectors.transaction_version,
      genesisHash: vectors.genesis_hash,
      eraHash: vector.era_block_hash,
    })
    expect(hex(payload)).toBe(vector.payload)
  })

  test('is refused with a byte too few, and with a byte too many', () => {
    const { extrinsic } = vector
    const inner = transaction.bytes
    const wrap = (content: Uint8Array): Uint8Array => new ScaleWriter().bytes(content).done()
    expect(hex(wrap(inner))).toBe(extrinsic)
    expect(() => decodeTransaction(wrap(inner.subarray(0, -1)))).toThrow(RangeError)
    expect(() => decodeTransaction(wrap(Buffer.concat([inner, Buffer.of(0)])))).toThrow(RangeError)
    expect(() => decodeTransaction(bytes(extrinsic).subarray(0, -1))).toThrow(RangeError)
  })
})
