/** Who is who on the subnet, as far as a miner needs to know. The chain, a file or a test may be behind it. */

/** Where a neuron says that it answers: what it published on the chain. Nothing proves that anybody is there. */
export interface PublishedAxon {
  /** IPv4 or IPv6 address. */
  readonly host: string
  readonly port: number
  /** 4 is QUIC by btlightning's word, but every HTTP axon of the Python SDK writes it too. */
  readonly protocol: number
  /** A number of the neuron's own choice; the Python SDK writes its own version there. */
  readonly version?: number
  /** When it was published: a block's number. */
  readonly block?: number
}

/** One registered hotkey. What is optional is what a source may not know: `subtensor` knows all of it. */
export interface Neuron {
  /** SS58. */
  readonly hotkey: string
  readonly uid: number
  /**
   * TAO, not RAO. From the chain it is what validators weigh (the Python SDK's S): alpha, and TAO on root times TaoWeight,
   * each after child keys.
   */
  readonly stake: number
  readonly validatorPermit: boolean
  /** The part of `stake` that is the subnet's own token, in units of TAO: what child keys give and take is counted. */
  readonly alphaStake?: number
  /** TAO on root, before TaoWeight: what child keys give and take is counted. */
  readonly taoStake?: number
  /** The same three as the chain has them, in RAO: 10^9 are one TAO. */
  readonly stakeRao?: bigint
  readonly alphaStakeRao?: bigint
  readonly taoStakeRao?: bigint
  /** SS58 of its owner. */
  readonly coldkey?: string
  /** Whether it set weights lately. */
  readonly active?: boolean
  /** Block in which it last set weights. */
  readonly lastUpdate?: number
  /** Block in which it was registered. */
  readonly registeredAt?: number
  /** Undefined when it never published one, as well. */
  readonly axon?: PublishedAxon
}

/** Knows the subnet's neurons as of its last successful look. */
export interface MetagraphSource {
  /** Undefined for a hotkey that is not registered, or while nothing is known yet. */
  neuron(hotkey: string): Neuron | undefined
  /** Every registered neuron. */
  neurons(): Iterable<Neuron>
  /**
   * Milliseconds since what it knows was known to be true; undefined while nothing is known. A source that fails keeps
   * its last answer and grows old; what uses it decides how old is too old.
   */
  ageMs(): number | undefined
  /** Calls `look` when any neuron came, went or changed; the returned function ends that. */
  onChange(look: () => void): () => void
  /** Looks for the first time, and then keeps looking. Safe to call by each who uses it. @throws when there is nothing to be had */
  start(): Promise<void>
  /** Ends what `start` began, when the last user says so. */
  stop(): Promise<void>
}
