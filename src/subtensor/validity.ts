/** Pure. What the runtime says of a transaction before it takes it, and what to do about it. */
import type { RpcError } from './connection.js'

/** Why a transaction is not taken. */
export interface Refusal {
  /** Of `InvalidTransaction::Custom`; undefined for a refusal of another kind. */
  readonly custom: number | undefined
  /** As the node has it. */
  readonly text: string
}

/** Kinds of `InvalidTransaction`, in the runtime's order. */
const INVALID = [
  'a call that is not expected',
  'a fee that cannot be paid',
  'a nonce of the future',
  'a nonce that was used',
  'a bad signature',
  'an era that is over',
  'a full block',
]
const CUSTOM = 7

/** @returns undefined when it may be sent; `TaggedTransactionQueue_validate_transaction` answered these bytes */
export function refusalIn(bytes: Uint8Array): Refusal | undefined {
  const [isError, isUnknown, kind = 0, custom = 0] = bytes
  if (isError === 0 && bytes.length > 1) return undefined
  if (isError !== 1 || isUnknown === undefined || isUnknown > 1) {
    return { custom: undefined, text: 'the node gave no answer that is known' }
  }
  if (isUnknown === 1) return { custom: undefined, text: `the node cannot tell (${kind})` }
  if (kind === CUSTOM) return { custom, text: `Custom error: ${custom}` }
  return { custom: undefined, text: INVALID[kind] ?? `invalid transaction (${kind})` }
}

/** What `author_submitExtrinsic` failed with, when that is a refusal of the transaction. */
export function refusalOf({ code, data }: RpcError): Refusal | undefined {
  if (code !== 1010) return undefined
  const text = typeof data === 'string' ? data.slice(0, 200) : 'invalid transaction'
  const [, custom] = /^Custom error: (\d{1,3})$/.exec(text) ?? []
  return { custom: custom === undefined ? undefined : Number(custom), text }
}

/** What was to be published. */
export interface Wish {
  readonly hotkey: string
  readonly netuid: number
  readonly host: string
  readonly port: number
}

/** What happened, and what to do. */
export function adviceOn({ custom, text }: Refusal, { hotkey, netuid, host, port }: Wish): string {
  switch (custom) {
    case 10:
      return `hotkey ${hotkey} is not registered on subnet ${netuid}: register it there, it is tried again until then`
    case 11:
      return `the chain does not take the address ${host}: give the one at which others reach this miner`
    case 12:
      return `hotkey ${hotkey} published an axon a moment ago: the chain takes the next one 50 blocks, about 10 minutes, later; it is tried again then`
    case 13:
      return `the chain does not take port ${port}: give the port that miner.listen() returned, or the one that leads to it`
    case 255:
      return `the chain does not know what kind of address ${host} is: give an IPv4 address, or an IPv6 one`
    default:
      return `the chain refused the axon: ${JSON.stringify(text)}; it is tried again`
  }
}

/** Our own options are wrong, and stay wrong. */
export const isFinal = ({ custom }: Refusal): boolean => custom === 11 || custom === 13 || custom === 255
