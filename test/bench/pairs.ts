/** Who is measured against whom. */

/**
 * `levin` has its protections at their defaults. `typed` has a middleware and is asked for the synapse behind injection
 * and validation; `open` has its protections off; `guarded` has a blacklist, a body limit and the priority queue besides.
 * All of these run on the native engine where it is built; `quiche` is `levin` on the other one. `rust` and `python` are
 * btlightning's own, `bittensor` is the axon and the dendrite of bittensor 10.5, over HTTP. `door` is `levin` with its HTTP
 * doors open, and a client that asks as a dendrite does and costs next to nothing.
 */
export type PeerKind =
  | 'levin'
  | 'quiche'
  | 'typed'
  | 'open'
  | 'guarded'
  | 'rust'
  | 'python'
  | 'bittensor'
  | 'door'

export interface Pair {
  /** The client first, the miner second. */
  readonly name: string
  readonly client: PeerKind
  readonly miner: PeerKind
  /** The payloads that it is measured at, unless sizes are asked for. */
  readonly sizes?: readonly number[]
  /** The same for the requests in flight. */
  readonly inflight?: readonly number[]
  /** Its streams are measured too. */
  readonly streams?: true
  /** Shows what one thing about Levin costs, so it is no bar of the plot. */
  readonly detail?: true
}

/** The reference that every ratio is to. */
export const REFERENCE = 'rust-rust'
/** What a handler costs on top of `BARE`, the same framework with nothing around the handler. */
export const TYPED = 'levin-typed'
export const BARE = 'levin-levin'
/** Without the protections, and with more of them. */
export const OPEN = 'levin-open'
export const GUARDED = 'levin-guarded'
/** The other systems that a subnet may use today. */
export const PYTHON = 'python-python'
export const BITTENSOR = 'bittensor-bittensor'
/** The dendrite at the HTTP door of a Levin miner; a client that costs little at both. */
export const DENDRITE_AT_DOOR = 'bittensor-levin'
export const HTTP_AT_AXON = 'http-bittensor'
export const HTTP_AT_DOOR = 'http-levin'

/** Where more in flight would tell nothing new. */
const FEW = [1, 32]
const DETAIL = { sizes: [1024], inflight: FEW, detail: true } as const

export const PAIRS: readonly Pair[] = [
  { name: BARE, client: 'levin', miner: 'levin', streams: true },
  { name: 'rust-levin', client: 'rust', miner: 'levin', streams: true },
  { name: 'levin-rust', client: 'levin', miner: 'rust', streams: true },
  { name: REFERENCE, client: 'rust', miner: 'rust', streams: true },
  { name: PYTHON, client: 'python', miner: 'python', inflight: FEW },
  { name: BITTENSOR, client: 'bittensor', miner: 'bittensor', sizes: [1024], inflight: FEW },
  { name: DENDRITE_AT_DOOR, client: 'bittensor', miner: 'door', ...DETAIL },
  { name: HTTP_AT_AXON, client: 'door', miner: 'bittensor', ...DETAIL },
  { name: HTTP_AT_DOOR, client: 'door', miner: 'door', ...DETAIL },
  { name: 'levin-levin-quiche', client: 'quiche', miner: 'quiche', ...DETAIL },
  { name: 'rust-levin-quiche', client: 'rust', miner: 'quiche', ...DETAIL },
  { name: 'levin-rust-quiche', client: 'quiche', miner: 'rust', ...DETAIL },
  { name: TYPED, client: 'typed', miner: 'typed', ...DETAIL },
  { name: OPEN, client: 'levin', miner: 'open', ...DETAIL },
  { name: GUARDED, client: 'levin', miner: 'guarded', ...DETAIL },
]

/** @throws Error naming the pairs that there are */
export function findPair(name: string): Pair {
  const pair = PAIRS.find((one) => one.name === name)
  if (pair !== undefined) return pair
  throw new Error(`--pairs ${name}: there are ${PAIRS.map((one) => one.name).join(', ')}`)
}
