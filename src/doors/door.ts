/**
 * How a call comes to a miner: by QUIC and btlightning's protocol, by HTTP signed as Bittensor's SDK 11 does (`btauth/1`), or
 * by HTTP as `bittensor` 10's dendrite asks its axon.
 */
export type Door = 'quic' | 'btauth' | 'bittensor10'

export const DOORS: readonly Door[] = ['quic', 'btauth', 'bittensor10']
