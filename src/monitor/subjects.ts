/** What is watched, and what of it is looked at. */
import type { Validator } from '../client/validator.js'
import { LevinError } from '../errors.js'
import type { Miner } from '../server/miner.js'
import type { MinerStats } from '../server/stats.js'

/** A miner, whatever its middleware adds to calls. */
export type WatchedMiner = Pick<Miner, 'hotkey' | 'state' | 'stats' | 'on'>

/** A validator, as far as it is watched. */
export type WatchedValidator = Pick<Validator, 'hotkey' | 'miners' | 'stats' | 'on'>

/** What can be watched: one end of calls. */
export type Watched = WatchedMiner | WatchedValidator

/** Only a miner has a state. */
export const isMiner = (watched: Watched): watched is WatchedMiner => 'state' in watched

/** @returns undefined as long as it counts nothing, before `listen` */
export function minerStats(miner: WatchedMiner): MinerStats | undefined {
  try {
    return miner.stats()
  } catch (error) {
    if (error instanceof LevinError && error.code === 'CONFIG') return undefined
    throw error
  }
}
