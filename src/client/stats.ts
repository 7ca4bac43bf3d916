import type { Door } from '../doors/door.js'
import type { LevinErrorCode } from '../errors.js'
import type { LatencyHistogram } from './histogram.js'
import type { MinerAddress, WantedMiner } from './registry.js'
import type { MinerTally } from './watch.js'

/** What a validator knows of its miners. A snapshot: plain data that can be sent anywhere as JSON. */
export interface ValidatorStats {
  /** Addresses, by what there is to them. */
  readonly connections: {
    readonly connected: number
    readonly connecting: number
    /** Failed, and not tried again yet. */
    readonly backingOff: number
    /** Not tried, or lost, or to be tried again with the next query. */
    readonly idle: number
  }
  /** By hotkey. */
  readonly miners: Readonly<Record<string, MinerStatus>>
}

export interface MinerStatus {
  readonly host: string
  readonly port: number
  /** By which it answers, or did last; undefined when it never did. By HTTP, `connected` says that the port is open. */
  readonly door: Door | undefined
  /** `wrongPeer`: its address is connected, and another miner answers there. */
  readonly state: 'connected' | 'wrongPeer' | 'connecting' | 'backingOff' | 'idle'
  /** Milliseconds until its address may be tried again, while it is backing off. */
  readonly retryInMs: number | undefined
  readonly lastFailure: { readonly code: LevinErrorCode; readonly message: string } | undefined
  /** To connect to its address. */
  readonly attempts: number
  readonly calls: {
    readonly running: number
    readonly answered: number
    /** By code; those that there were none of are left out. */
    readonly failed: Readonly<Partial<Record<LevinErrorCode, number>>>
  }
  /** Of answers, from opening the stream, as each call is told. */
  readonly latency: LatencyHistogram
  /** Of frames. */
  readonly bytesOut: number
  readonly bytesIn: number
  /** Seconds that its clock was ahead of ours at the last handshake. */
  readonly clockSkewSeconds: number | undefined
}

type AddressState = 'connected' | 'connecting' | 'backingOff' | 'idle'

const stateOf = ({ phase, backoff }: MinerAddress, nowMs: number): AddressState =>
  phase === 'idle' && backoff.waitMs(nowMs) > 0 ? 'backingOff' : phase

export function minerStatus({ axon, address }: WantedMiner, tally: MinerTally, nowMs: number): MinerStatus {
  const state = stateOf(address, nowMs)
  const { lastFailure } = address
  const { running, answered, failed, latency, bytesOut, bytesIn, clockSkewSeconds } = tally
  return {
    host: axon.host,
    port: axon.port,
    door: address.door,
    state: state === 'connected' && (address.proven ?? axon.hotkey) !== axon.hotkey ? 'wrongPeer' : state,
    retryInMs: state === 'backingOff' ? address.backoff.waitMs(nowMs) : undefined,
    lastFailure: lastFailure && { code: lastFailure.code, message: lastFailure.message },
    attempts: address.attempts,
    calls: { running, answered, failed: { ...failed } },
    latency: latency.snapshot(),
    bytesOut,
    bytesIn,
    clockSkewSeconds,
  }
}

export function connectionCounts(
  addresses: Iterable<MinerAddress>,
  nowMs: number,
): ValidatorStats['connections'] {
  const counts: Record<AddressState, number> = { connected: 0, connecting: 0, backingOff: 0, idle: 0 }
  for (const address of addresses) counts[stateOf(address, nowMs)]++
  return counts
}
