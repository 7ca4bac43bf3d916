/** What `/now.json` holds: for the page, and for `levin top`. What is undefined is left out of it. */
import type { LatencyHistogram } from '../client/histogram.js'
import type { MinerStatus, ValidatorStats } from '../client/stats.js'
import type { MinerState } from '../server/miner.js'
import type { MinerStats } from '../server/stats.js'
import type { CallTally } from '../server/watch.js'
import type { LoopDelay } from './loop-delay.js'
import type { NamedQueue } from './queues.js'
import type { NotReadyReason } from './readiness.js'

export interface Now {
  /** Of the process's own clock, which never goes back. */
  readonly atMs: number
  readonly unixMs: number
  readonly uptimeSeconds: number
  readonly rssBytes: number
  readonly heapBytes: number
  readonly loop: LoopDelay
  readonly notReady: readonly NotReadyReason[]
  readonly chainAgeMs: number | undefined
  readonly miner: NowOfMiner | undefined
  readonly validator: NowOfValidator | undefined
}

/** Before `listen` there is nothing to count. */
export type NowOfMiner = { readonly hotkey: string; readonly state: MinerState } & Partial<NowOfListening>

export interface NowOfListening
  extends Pick<MinerStats, 'connections' | 'handshakes' | 'unrecognized' | 'memory' | 'workers'> {
  readonly chainAgeMs: number | undefined
  readonly policy: string
  readonly engine: string | undefined
  readonly bytesIn: number
  readonly bytesOut: number
  readonly dropped: Readonly<Record<string, number>> | undefined
  readonly synapses: readonly (CallTally & {
    readonly name: string
    /** Of those that were called. */
    readonly latency: LatencyHistogram | undefined
  })[]
  readonly queues: readonly (Omit<NamedQueue, 'queue'> & NamedQueue['queue'])[]
  /** The busiest. */
  readonly validators: readonly {
    readonly hotkey: string
    readonly calls: number
    readonly lastSeenMs: number
    readonly uid: number | undefined
    readonly stake: number | undefined
  }[]
  readonly validatorsHeard: number
}

export interface NowOfValidator {
  readonly hotkey: string
  readonly connections: ValidatorStats['connections']
  /** Miners by state. */
  readonly states: Readonly<Record<string, number>>
  readonly running: number
  /** Of those that were asked. */
  readonly synapses: readonly {
    readonly name: string
    readonly failed: number
    readonly latency: LatencyHistogram
  }[]
  /** Those that were asked most. */
  readonly miners: readonly {
    readonly hotkey: string
    readonly state: MinerStatus['state']
    readonly answered: number
    readonly failed: number
    readonly latency: LatencyHistogram
    readonly lastFailure: string | undefined
    readonly lastSeenMs: number | undefined
  }[]
  readonly minersKnown: number
}
