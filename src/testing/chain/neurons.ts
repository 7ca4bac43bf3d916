/** Neurons as a test writes them: plain objects that it may change at any time. */

/** What a miner published with `serve_axon`. */
export interface FakeAxon {
  /** The block in which it was published. The next time is allowed 50 blocks later. */
  block: number
  /** IPv4 or IPv6. */
  ip: string
  port: number
  /** 4 is what everyone writes, QUIC or not. */
  protocol: number
  /** u32, the author's own. */
  version: number
  placeholder1: number
  placeholder2: number
}

/** What a miner published with `serve_prometheus`. */
export interface FakePrometheus {
  block: number
  version: number
  ip: string
  port: number
}

/** One neuron. Its uid is its place in the list of its subnet. */
export interface FakeNeuron {
  /** SS58. */
  hotkey: string
  /** SS58. */
  coldkey: string
  active: boolean
  validatorPermit: boolean
  /** RAO of alpha that is staked on the hotkey itself: `stake` of `get_neurons_lite`. No validator is weighed by it. */
  stake: bigint
  /** RAO of alpha with child keys, of `get_subnet_state`. */
  alphaStake: bigint
  /** RAO of TAO on root with child keys, of `get_subnet_state`. */
  taoStake: bigint
  /** RAO, what a validator is weighed by, of `get_subnet_state`. On the chain alpha + 0.18 x TAO; here what you say. */
  totalStake: bigint
  /** Undefined when none was ever published. */
  axon: FakeAxon | undefined
  prometheus: FakePrometheus | undefined
  /** Block of its last weights. */
  lastUpdate: bigint
  /** Block. */
  registeredAt: bigint
  /** RAO of alpha. */
  emission: bigint
  /** These are u16, 65,535 for 1. */
  rank: number
  incentive: number
  consensus: number
  trust: number
  validatorTrust: number
  dividends: number
  pruningScore: number
}

/** A neuron with nothing but a name; what you give instead replaces it. Its coldkey is its hotkey. */
export function fakeNeuron(given: Partial<FakeNeuron> & Pick<FakeNeuron, 'hotkey'>): FakeNeuron {
  return {
    coldkey: given.hotkey,
    active: true,
    validatorPermit: false,
    stake: 0n,
    alphaStake: 0n,
    taoStake: 0n,
    totalStake: 0n,
    axon: undefined,
    prometheus: undefined,
    lastUpdate: 0n,
    registeredAt: 0n,
    emission: 0n,
    rank: 0,
    incentive: 0,
    consensus: 0,
    trust: 0,
    validatorTrust: 0,
    dividends: 0,
    pruningScore: 0,
    ...given,
  }
}

/** An axon as a miner of Levin publishes it. */
export function fakeAxon(given: Partial<FakeAxon> & Pick<FakeAxon, 'ip' | 'port'>): FakeAxon {
  return { block: 1, protocol: 4, version: 0, placeholder1: 0, placeholder2: 0, ...given }
}
