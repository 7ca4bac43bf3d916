/** What the page shows and nobody counts: latency by synapse, and when each peer was last heard. In bounded memory. */
import { Histogram, type LatencyHistogram } from '../client/histogram.js'
import type { Clock } from '../clock.js'
import { isMiner, type Watched } from './subjects.js'

/** Peers that are remembered, the latest heard; a subnet has 256. */
const MAX_PEERS = 4096

export interface PeerActivity {
  readonly hotkey: string
  /** Calls of it, or to it, since it was first heard. */
  calls: number
  lastSeenMs: number
}

export class Activity {
  readonly #clock: Clock
  /** The latest heard is last. */
  readonly #peers = new Map<string, PeerActivity>()
  readonly #latencies = new Map<string, Histogram>()
  readonly #failed = new Map<string, number>()
  readonly #stops: (() => void)[]

  constructor(watched: Watched, clock: Clock) {
    this.#clock = clock
    this.#stops = isMiner(watched)
      ? [
          watched.on('call', ({ synapse, caller, outcome, durationMs }) =>
            this.#called(synapse, caller, outcome, durationMs),
          ),
          watched.on('connection', ({ hotkey }) => this.#heard(hotkey)),
        ]
      : [
          watched.on('call', ({ synapse, axon, outcome, durationMs }) =>
            this.#called(synapse, axon.hotkey, outcome, durationMs),
          ),
        ]
  }

  #called(synapse: string, hotkey: string, outcome: string, ms: number): void {
    this.#heard(hotkey).calls++
    let latency = this.#latencies.get(synapse)
    if (latency === undefined) {
      latency = new Histogram()
      this.#latencies.set(synapse, latency)
    }
    latency.add(ms)
    if (outcome !== 'answered') this.#failed.set(synapse, (this.#failed.get(synapse) ?? 0) + 1)
  }

  #heard(hotkey: string): PeerActivity {
    const peer = this.#peers.get(hotkey) ?? { hotkey, calls: 0, lastSeenMs: 0 }
    peer.lastSeenMs = this.#clock.unixMs()
    this.#peers.delete(hotkey)
    this.#peers.set(hotkey, peer)
    if (this.#peers.size > MAX_PEERS) this.#peers.delete(this.#peers.keys().next().value!)
    return peer
  }

  peer(hotkey: string): PeerActivity | undefined {
    return this.#peers.get(hotkey)
  }

  /** Those with the most calls. */
  busiest(count: number): PeerActivity[] {
    return [...this.#peers.values()].sort((a, b) => b.calls - a.calls).slice(0, count)
  }

  /** How many peers were heard, of those that are remembered. */
  get heard(): number {
    return this.#peers.size
  }

  /** By synapse, of those that were called. */
  synapses(): { name: string; failed: number; latency: LatencyHistogram }[] {
    return [...this.#latencies].map(([name, latency]) => ({
      name,
      failed: this.#failed.get(name) ?? 0,
      latency: latency.snapshot(),
    }))
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }
}
