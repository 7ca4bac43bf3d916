/** Whether work should be sent here. Pure. */
import { DEFAULT_MAX_AGE_MS } from '../server/access/neuron-rule.js'
import type { MinerState } from '../server/miner.js'
import { minerStats, type WatchedMiner, type WatchedValidator } from './subjects.js'

/** What `/readyz` may say, and nothing else. */
export type NotReadyReason =
  | 'the miner does not listen yet'
  | 'the miner is stopping'
  | 'the miner is closed'
  | 'the network engine failed'
  | 'every place for validators is taken'
  | 'memory is short'
  | 'the chain data is old'
  | 'no worker thread is up'
  | 'no miner is connected'

const BY_STATE: Readonly<Record<MinerState, NotReadyReason | undefined>> = {
  new: 'the miner does not listen yet',
  starting: 'the miner does not listen yet',
  listening: undefined,
  failed: 'the network engine failed',
  stopping: 'the miner is stopping',
  closed: 'the miner is closed',
}

/** From then on the access rules trust it no more and admit nobody new, unless their `maxAgeMs` says otherwise. */
const MAX_CHAIN_AGE_MS = DEFAULT_MAX_AGE_MS

export interface Readiness {
  readonly miner?: WatchedMiner | undefined
  readonly validator?: WatchedValidator | undefined
  /** Age of the metagraph that was given. */
  readonly chainAgeMs?: number | undefined
}

/** @returns why not; empty when it is ready */
export function notReady({ miner, validator, chainAgeMs }: Readiness): NotReadyReason[] {
  const reasons: NotReadyReason[] = []
  let ageMs = chainAgeMs
  if (miner !== undefined) {
    const state = BY_STATE[miner.state]
    if (state !== undefined) reasons.push(state)
    const stats = minerStats(miner)
    if (stats !== undefined) {
      const { validators, maxValidators } = stats.connections
      if (validators >= maxValidators) reasons.push('every place for validators is taken')
      if (stats.memory.state !== 'open') reasons.push('memory is short')
      if (stats.workers?.threads === 0) reasons.push('no worker thread is up')
      ageMs = Math.max(ageMs ?? 0, stats.access.ageMs ?? 0)
    }
  }
  if ((ageMs ?? 0) >= MAX_CHAIN_AGE_MS) reasons.push('the chain data is old')
  if (
    validator !== undefined &&
    validator.miners().length > 0 &&
    validator.stats().connections.connected === 0
  )
    reasons.push('no miner is connected')
  return reasons
}

/** Whether a restart would help: the process runs, and its miner hears. */
export const isAlive = ({ miner }: Readiness): boolean => miner?.state !== 'failed'
