/** What the page is told: one JSON text of bounded size, however many peers there are. */
import type { Clock } from '../clock.js'
import type { MetagraphSource } from '../metagraph/source.js'
import { Activity } from './activity.js'
import { LoopDelayMeter } from './loop-delay.js'
import type { Now, NowOfMiner, NowOfValidator } from './now.js'
import { queuesOf } from './queues.js'
import { isAlive, notReady } from './readiness.js'
import { minerStats, type WatchedMiner, type WatchedValidator } from './subjects.js'
import { countStates } from './validator-metrics.js'

/** Rows of validators and of miners; the rest is a number. */
const MOST_ROWS = 50

/** Pages that ask more often are told the same again. */
const FRESH_MS = 900

export interface SnapshotParts {
  readonly miner: WatchedMiner | undefined
  readonly validator: WatchedValidator | undefined
  readonly metagraph: MetagraphSource | undefined
  readonly clock: Clock
}

export class Snapshots {
  readonly #parts: SnapshotParts
  readonly #ofMiner: Activity | undefined
  readonly #ofValidator: Activity | undefined
  readonly #loop = new LoopDelayMeter()
  #latest: { readonly atMs: number; readonly json: string } | undefined

  constructor(parts: SnapshotParts) {
    const { miner, validator, clock } = parts
    this.#parts = parts
    this.#ofMiner = miner && new Activity(miner, clock)
    this.#ofValidator = validator && new Activity(validator, clock)
  }

  start(): void {
    this.#loop.start()
  }

  stop(): void {
    this.#loop.stop()
    this.#ofMiner?.stop()
    this.#ofValidator?.stop()
  }

  /** @returns why this process is not ready; empty when it is */
  notReady() {
    const { miner, validator, metagraph } = this.#parts
    return notReady({ miner, validator, chainAgeMs: metagraph?.ageMs() })
  }

  isAlive(): boolean {
    return isAlive(this.#parts)
  }

  json(): string {
    const atMs = this.#parts.clock.monotonicMs()
    if (this.#latest === undefined || atMs - this.#latest.atMs >= FRESH_MS)
      this.#latest = { atMs, json: JSON.stringify(this.#take(atMs)) }
    return this.#latest.json
  }

  #take(atMs: number): Now {
    const { clock, metagraph } = this.#parts
    const { rss, heapUsed } = process.memoryUsage()
    return {
      atMs,
      unixMs: clock.unixMs(),
      uptimeSeconds: process.uptime(),
      rssBytes: rss,
      heapBytes: heapUsed,
      loop: this.#loop.take(),
      notReady: this.notReady(),
      chainAgeMs: metagraph?.ageMs(),
      miner: this.#miner(),
      validator: this.#validator(),
    }
  }

  #miner(): NowOfMiner | undefined {
    const { miner, metagraph } = this.#parts
    const activity = this.#ofMiner
    if (miner === undefined || activity === undefined) return undefined
    const { hotkey, state } = miner
    const stats = minerStats(miner)
    if (stats === undefined) return { hotkey, state }
    const { access, calls, connections, handshakes, memory, network, unrecognized, workers } = stats
    const latencies = new Map(activity.synapses().map(({ name, latency }) => [name, latency]))
    return {
      hotkey,
      state,
      connections,
      handshakes,
      unrecognized,
      memory,
      workers,
      chainAgeMs: access.ageMs,
      policy: access.policy,
      engine: network?.engine,
      bytesIn: network?.bytesIn ?? 0,
      bytesOut: network?.bytesOut ?? 0,
      dropped: network?.dropped,
      synapses: Object.entries(calls).map(([name, tally]) => ({
        name,
        ...tally,
        latency: latencies.get(name),
      })),
      queues: queuesOf(stats).map(({ middleware, synapse, queue }) => ({ middleware, synapse, ...queue })),
      validators: activity.busiest(MOST_ROWS).map(({ hotkey, calls, lastSeenMs }) => {
        const neuron = metagraph?.neuron(hotkey)
        return { hotkey, calls, lastSeenMs, uid: neuron?.uid, stake: neuron?.stake }
      }),
      validatorsHeard: activity.heard,
    }
  }

  #validator(): NowOfValidator | undefined {
    const { validator } = this.#parts
    const activity = this.#ofValidator
    if (validator === undefined || activity === undefined) return undefined
    const stats = validator.stats()
    const { connections, miners } = stats
    const known = Object.entries(miners)
    let running = 0
    for (const [, { calls }] of known) running += calls.running
    // Who was asked most comes first; those that nobody asked fill up.
    const calls = (hotkey: string): number => activity.peer(hotkey)?.calls ?? 0
    const rows = known.sort(([a], [b]) => calls(b) - calls(a)).slice(0, MOST_ROWS)
    return {
      hotkey: validator.hotkey,
      connections,
      states: Object.fromEntries(countStates(stats)),
      running,
      synapses: activity.synapses(),
      miners: rows.map(([hotkey, miner]) => ({
        hotkey,
        state: miner.state,
        answered: miner.calls.answered,
        failed: Object.values(miner.calls.failed).reduce((sum, count) => sum + count, 0),
        latency: miner.latency,
        lastFailure: miner.lastFailure?.code,
        lastSeenMs: activity.peer(hotkey)?.lastSeenMs,
      })),
      minersKnown: known.length,
    }
  }
}
