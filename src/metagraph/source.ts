/** Who is who on the subnet, as far as a miner needs to know. The chain, a file or a test may be behind it. */

/** One registered hotkey. */
export interface Neuron {
  /** SS58. */
  readonly hotkey: string
  readonly uid: number
  /** TAO, not RAO. */
  readonly stake: number
  readonly validatorPermit: boolean
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
