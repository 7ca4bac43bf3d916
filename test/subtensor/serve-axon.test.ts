import { describe, expect, test } from 'vitest'
import {
  encodeExtrinsic,
  encodeServeAxon,
  type SignedContext,
  signedPayload,
} from '../../src/subtensor/serve-axon.js'
import { bytesOf, serveAxon } from './recorded.js'

describe.each(serveAxon.cases.map((one, index) => ({ index, ...one })))(
  'recorded transaction $index',
  (one) => {
    const { args, era, nonce } = one
    const call = encodeServeAxon({
      netuid: Number(args.netuid),
      version: Number(args.version),
      ip: BigInt(args.ip!),
      ipType: Number(args.ip_type),
      port: Number(args.port),
      protocol: Number(args.protocol),
      placeholder1: Number(args.placeholder1),
      placeholder2: Number(args.placeholder2),
    })
    const context: SignedContext = {
      era: era === '00' ? undefined : era,
      nonce,
      specVersion: serveAxon.spec_version,
      transactionVersion: serveAxon.transaction_version,
      genesisHash: bytesOf(serveAxon.genesis_hash),
      eraHash: bytesOf(one.era_block_hash),
    }
    const hex = (bytes: Buffer) => `0x${bytes.toString('hex')}`

    test('the call', () => expect(hex(call)).toBe(one.call))
    test('what is signed', () => expect(hex(signedPayload(call, context))).toBe(one.payload))
    test('the whole', () => {
      const [key, signature] = [bytesOf(serveAxon.public_key), bytesOf(serveAxon.signature)]
      expect(hex(encodeExtrinsic(call, context, key, signature))).toBe(one.extrinsic)
    })
  },
)

test('the largest that can be signed is not hashed before', () => {
  const call = Buffer.alloc(30)
  const hash = Buffer.alloc(32)
  const context = {
    era: { period: 64, current: 1 },
    nonce: 2 ** 30 - 1,
    specVersion: 1,
    transactionVersion: 1,
  }
  const payload = signedPayload(call, { ...context, genesisHash: hash, eraHash: hash })
  expect(payload.length).toBeLessThanOrEqual(128)
  expect(() => signedPayload(call, { ...context, nonce: 2 ** 30, genesisHash: hash, eraHash: hash })).toThrow(
    'is no length and no nonce',
  )
})
