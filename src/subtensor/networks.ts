/** Pure. The chains that have a name. */

/** Bittensor's main chain, its test chain, and a node on this machine. */
export type Network = 'finney' | 'test' | 'local'

interface NetworkFacts {
  /** In the order in which they are tried. */
  readonly endpoints: readonly string[]
  /** Hash of the first block, by which a chain is known; each local chain has its own. */
  readonly genesis: string | undefined
}

export const NETWORKS: Readonly<Record<Network, NetworkFacts>> = {
  finney: {
    endpoints: [
      'wss://entrypoint-finney.opentensor.ai:443',
      'wss://lite.chain.opentensor.ai:443',
      'wss://lite.sub.latent.to:443',
    ],
    genesis: '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03',
  },
  test: {
    endpoints: ['wss://test.finney.opentensor.ai:443'],
    genesis: '0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105',
  },
  local: { endpoints: ['ws://127.0.0.1:9944'], genesis: undefined },
}
