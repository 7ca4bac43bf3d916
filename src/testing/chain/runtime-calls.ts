/** `state_call`: functions of the runtime that the fake node knows, bytes in and bytes out. */
import { encodeHotkey } from '../../auth/ss58.js'
import type { State } from './blocks.js'
import { runtimeVersionBytes } from './runtime-version.js'
import { ScaleReader, ScaleWriter } from './scale.js'
import { decodeTransaction } from './transaction.js'
import { type Ledger, refusalOf } from './validity.js'

/** What the functions look at. */
export interface Runtime {
  readonly ledger: Ledger
  /** As `Metadata_metadata_at_version(15)` answers. Undefined: the runtime has none. */
  readonly metadata: Uint8Array | undefined
}

type RuntimeCall = (input: ScaleReader, state: State, runtime: Runtime) => Uint8Array

const METADATA_VERSION = 15
/** `None`, and an empty list. */
const NOTHING = Uint8Array.of(0)

export const RUNTIME_CALLS: Readonly<Record<string, RuntimeCall>> = {
  Core_version: (_, __, { ledger }) => runtimeVersionBytes(ledger),
  NeuronInfoRuntimeApi_get_neurons_lite: (input, { subnets }) =>
    subnets.get(input.uint(2))?.neuronsLite ?? NOTHING,
  SubnetInfoRuntimeApi_get_subnet_state: (input, { subnets }) =>
    subnets.get(input.uint(2))?.subnetState ?? NOTHING,
  AccountNonceApi_account_nonce: (input, _, { ledger }) =>
    new ScaleWriter().uint(ledger.nonce(encodeHotkey(input.raw(32))), 4).done(),
  Metadata_metadata_versions: (_, __, { metadata }) =>
    metadata === undefined ? NOTHING : new ScaleWriter().compact(1).uint(METADATA_VERSION, 4).done(),
  Metadata_metadata_at_version: (input, _, { metadata }) =>
    (input.uint(4) === METADATA_VERSION && metadata) || NOTHING,
  TaggedTransactionQueue_validate_transaction: validateTransaction,
}

/** In: the source (2: from outside), the transaction, the hash of the block. Out: `Result<ValidTransaction, ...>`. */
function validateTransaction(input: ScaleReader, _: State, { ledger }: Runtime): Uint8Array {
  input.raw(1)
  const transaction = decodeTransaction(input.raw(input.left - 32))
  const refusal = refusalOf(transaction, ledger, 'asked')
  if (refusal !== undefined) {
    const { variant, custom } = refusal
    return Uint8Array.from(custom === undefined ? [1, 0, variant] : [1, 0, variant, custom])
  }
  const tag = (nonce: number): Uint8Array =>
    new ScaleWriter().raw(transaction.publicKey).uint(nonce, 4).done()
  const { nonce } = transaction
  const waitsFor = nonce > ledger.nonce(encodeHotkey(transaction.publicKey)) ? [tag(nonce - 1)] : []
  const to = new ScaleWriter().uint(0, 1).uint(0, 8)
  to.list(waitsFor, (one) => to.bytes(one)).list([tag(nonce)], (one) => to.bytes(one))
  return to
    .uint(transaction.era?.period ?? 2n ** 64n - 1n, 8)
    .bool(true)
    .done()
}
