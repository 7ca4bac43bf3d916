/** A signed `serve_axon`, taken apart. What is signed is said in `signedPayload`. */
import { Buffer } from 'node:buffer'
import { type ChainIp, numberToIp } from './ip.js'
import type { FakeAxon } from './neurons.js'
import { ScaleReader, ScaleWriter } from './scale.js'

/** Version 4 of the format, with a signature. */
const SIGNED_V4 = 0x84
/** MultiAddress::Id and MultiSignature::Sr25519. */
const ADDRESS_ID = 0
const SR25519 = 1
/** The pallet SubtensorModule of spec 461, and the place of the call in it. */
const SERVE_AXON = [7, 4] as const

export interface ServeAxon {
  readonly netuid: number
  readonly address: ChainIp
  /** As it will be, but for the block. */
  readonly axon: FakeAxon
}

export interface Transaction {
  /** Whole, without the length in front. */
  readonly bytes: Uint8Array
  /** 32 bytes, of the signer. */
  readonly publicKey: Uint8Array
  /** 64 bytes, sr25519. */
  readonly signature: Uint8Array
  readonly nonce: number
  /** Block numbers: the transaction counts from `birth`, whose hash is signed, for `period` blocks. Undefined: for ever. */
  readonly era: { readonly period: number; readonly phase: number } | undefined
  readonly call: ServeAxon
  /** The call and what the extensions wrote into the transaction, which begin what is signed. */
  readonly signedHere: Uint8Array
}

/** What the chain adds to what is signed. */
export interface SignedContext {
  readonly specVersion: number
  readonly transactionVersion: number
  /** Hex. */
  readonly genesisHash: string
  /** Hex, of the block in which the era began; the genesis where there is none. */
  readonly eraHash: string
}

/** @throws RangeError for what is no signed serve_axon, and for bytes too few or too many */
export function decodeTransaction(encoded: Uint8Array): Transaction {
  const outer = new ScaleReader(encoded)
  const length = outer.compact()
  if (length !== outer.left) throw new RangeError(`the length says ${length} bytes, there are ${outer.left}`)
  const bytes = outer.raw(length)
  const from = new ScaleReader(bytes)
  demand(from.uint(1), SIGNED_V4, 'a signed transaction of version 4')
  demand(from.uint(1), ADDRESS_ID, 'the signer as an account id')
  const publicKey = from.raw(32)
  demand(from.uint(1), SR25519, 'an sr25519 signature')
  const signature = from.raw(64)
  const extensions = bytes.length - from.left
  const era = decodeEra(from)
  const nonce = from.compact()
  from.compact() // the tip
  demand(from.uint(1), 0, 'no metadata hash')
  const callAt = bytes.length - from.left
  for (const index of SERVE_AXON) demand(from.uint(1), index, 'the call serve_axon')
  const call = decodeServeAxon(from)
  demand(from.left, 0, 'nothing behind the call')
  const signedHere = Buffer.concat([bytes.subarray(callAt), bytes.subarray(extensions, callAt)])
  return { bytes, publicKey, signature, nonce, era, call, signedHere }
}

function demand(found: number, wanted: number, what: string): void {
  if (found !== wanted) throw new RangeError(`the fake node wants ${what}: ${wanted}, not ${found}`)
}

function decodeEra(from: ScaleReader): Transaction['era'] {
  const first = from.uint(1)
  if (first === 0) return undefined
  const encoded = first + from.uint(1) * 256
  const period = 2 << (encoded % 16)
  const phase = (encoded >> 4) * Math.max(period >> 12, 1)
  if (period < 4 || phase >= period) throw new RangeError(`no era: ${encoded}`)
  return { period, phase }
}

/** The block from which the era that holds at `now` counts. */
export function birthOf({ period, phase }: NonNullable<Transaction['era']>, now: number): number {
  return Math.floor((Math.max(now, phase) - phase) / period) * period + phase
}

function decodeServeAxon(from: ScaleReader): ServeAxon {
  const netuid = from.uint(2)
  const version = from.uint(4)
  const ip = from.big(16)
  const port = from.uint(2)
  const address = { ip, type: from.uint(1) }
  const [protocol, placeholder1, placeholder2] = [from.uint(1), from.uint(1), from.uint(1)]
  const axon = { block: 0, version, ip: numberToIp(address), port, protocol, placeholder1, placeholder2 }
  return { netuid, address, axon }
}

/** The bytes under the signature. Beyond 256 they would be hashed first, which a serve_axon never has. */
export function signedPayload({ signedHere }: Transaction, context: SignedContext): Uint8Array {
  const hash = (hex: string): Uint8Array => Buffer.from(hex.slice(2), 'hex')
  return new ScaleWriter()
    .raw(signedHere)
    .uint(context.specVersion, 4)
    .uint(context.transactionVersion, 4)
    .raw(hash(context.genesisHash))
    .raw(hash(context.eraHash))
    .uint(0, 1)
    .done()
}
