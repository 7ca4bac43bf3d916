/** What tells the two HTTP doors apart, to who knocks at them. */
import type { Signer } from '../../auth/signer.js'
import type { SynapseDefinition } from '../../contract/definition.js'
import type { JsonObject } from '../../doors/json/parse.js'
import type { SynapseData } from '../../wire/value.js'
import type { Axon } from '../axon.js'

/** A request that is to be signed. */
export interface Unsigned {
  readonly synapse: SynapseDefinition
  /** What goes on the wire, of any door. */
  readonly data: object
  /** Path, as it is sent. */
  readonly target: string
  readonly axon: Axon
  readonly timeoutMs: number
  /** Of who asks one thing at a time. */
  readonly uuid: string
  /** Nanoseconds since 1970, and never the same twice. */
  readonly nowNs: bigint
}

export interface Signed {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What an answer says that is none. */
export interface Refusal {
  /** In the miner's words. */
  readonly words: string | undefined
  /** Levin's, for programs. */
  readonly code?: string | undefined
  /** By what the miner's log knows the call. */
  readonly id?: string | undefined
}

export interface DoorForm {
  /** @throws LevinError INVALID_REQUEST for data that has no form in JSON; CONFIG when the signer does not sign */
  sign(signer: Signer, request: Unsigned): Promise<Signed>
  /** Of an answer's body, the fields that the miner filled in. */
  answer(synapse: SynapseDefinition, body: JsonObject): SynapseData
  refusal(body: SynapseData): Refusal
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const textsOf = <K extends string>(
  data: SynapseData,
  ...names: readonly K[]
): Partial<Record<K, string | undefined>> =>
  Object.fromEntries(names.map((name) => [name, text(data[name])])) as Partial<Record<K, string | undefined>>
