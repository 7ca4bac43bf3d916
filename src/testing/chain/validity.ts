/** Whether a `serve_axon` may go into the next block: the runtime's own rules, in its order. */
import { verify } from '../../auth/sr25519.js'
import { encodeHotkey } from '../../auth/ss58.js'
import type { Block } from './blocks.js'
import type { ChainIp } from './ip.js'
import type { FakeNeuron } from './neurons.js'
import type { Versions } from './runtime-version.js'
import { birthOf, type SignedContext, signedPayload, type Transaction } from './transaction.js'

/** `ServingRateLimit` of a subnet that never set its own, in blocks. */
const SERVING_RATE_LIMIT = 50

/** Numbers of `InvalidTransaction`, and for Custom (7) the runtime's own beside it. */
export interface Refusal {
  readonly variant: number
  readonly custom?: number
  /** What a node writes into the field `data` of its error. */
  readonly text: string
}

const refusal = (variant: number, text: string): Refusal => ({ variant, text })
/** `InvalidTransaction::Custom`. */
export const custom = (number: number): Refusal => ({
  variant: 7,
  custom: number,
  text: `Custom error: ${number}`,
})

const STALE = refusal(3, 'Transaction is outdated')
const BAD_PROOF = refusal(4, 'Transaction has a bad signature')
const ANCIENT_BIRTH_BLOCK = refusal(5, 'Transaction birth block ancient')
const NOT_REGISTERED = custom(10)
const BAD_ADDRESS = custom(11)
const TOO_SOON = custom(12)
const BAD_PORT = custom(13)
const BAD_REQUEST = custom(255)

/** `asked` is `TaggedTransactionQueue_validate_transaction`, which sends nothing. */
export type Stage = 'asked' | 'submitted'

/** What the rules look at. */
export interface Ledger extends Versions {
  readonly genesisHash: string
  /** The block after which the transaction would come. */
  readonly best: Block
  blockAt(number: number): Block | undefined
  neurons(netuid: number): readonly FakeNeuron[] | undefined
  /** How many transactions of the account are in blocks. */
  nonce(hotkey: string): number
  /** What a test wants to be answered, before any rule. */
  ordered(stage: Stage): Refusal | undefined
}

/** @returns undefined when it may; the nonce may be ahead of the account's, such a transaction waits for the others */
export function refusalOf(transaction: Transaction, ledger: Ledger, stage: Stage): Refusal | undefined {
  const ordered = ledger.ordered(stage)
  if (ordered !== undefined) return ordered
  const next = ledger.best.number + 1
  const { era, publicKey, signature } = transaction
  const born = ledger.blockAt(era === undefined ? 0 : birthOf(era, next))
  if (born === undefined) return ANCIENT_BIRTH_BLOCK
  const context: SignedContext = { ...ledger, eraHash: born.hash }
  if (!verify(publicKey, signedPayload(transaction, context), signature)) return BAD_PROOF
  const hotkey = encodeHotkey(publicKey)
  if (transaction.nonce < ledger.nonce(hotkey)) return STALE
  return serveRefusal(transaction, hotkey, next, ledger)
}

function serveRefusal(
  { call }: Transaction,
  hotkey: string,
  block: number,
  ledger: Ledger,
): Refusal | undefined {
  const neuron = ledger.neurons(call.netuid)?.find((one) => one.hotkey === hotkey)
  if (neuron === undefined) return NOT_REGISTERED
  if (call.address.type !== 4 && call.address.type !== 6) return BAD_REQUEST
  if (!isAllowed(call.address)) return BAD_ADDRESS
  const last = neuron.axon?.block ?? 0
  if (last !== 0 && block - last < SERVING_RATE_LIMIT) return TOO_SOON
  return call.axon.port === 0 ? BAD_PORT : undefined
}

/** Zero is, private addresses are. Not: this machine itself, and the last address there is. */
function isAllowed({ ip, type }: ChainIp): boolean {
  if (type === 4) return ip < 0xffff_ffffn && ip !== 0x7f00_0001n
  return ip !== 1n && ip !== 2n ** 128n - 1n
}
