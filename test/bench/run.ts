/** All rounds of all measurements, the pairs in turn. */
import { type Load, MinerGone, measure, warmUp } from './measure.js'
import { type BenchOptions, SIZES } from './options.js'
import type { Pair, PeerKind } from './pairs.js'
import type { Peer } from './peers.js'
import { type Miner, startMiner } from './processes.js'
import { Progress } from './progress.js'
import type { Sample } from './results.js'
import { formatLoad } from './table.js'

export interface Outcome {
  readonly samples: readonly Sample[]
  readonly failures: readonly string[]
}

interface Step extends Load {
  readonly round: number
  readonly pair: Pair
}

/** The pairs of one load follow each other, each round and load beginning with another one. */
function plan({ pairs, sizes, inflight, rounds }: BenchOptions): Step[] {
  const steps: Step[] = []
  let turn = 0
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes ?? SIZES) {
      const of = pairs.filter((pair) => sizes !== undefined || (pair.sizes ?? SIZES).includes(size))
      for (const one of inflight) {
        of.forEach((_, at) => {
          steps.push({ round, size, inflight: one, pair: of[(at + turn) % of.length]! })
        })
        turn++
      }
    }
  }
  return steps
}

export async function runAll(options: BenchOptions, peers: ReadonlyMap<PeerKind, Peer>): Promise<Outcome> {
  const miners = new Map<PeerKind, Miner>()
  const kinds = new Set(options.pairs.map(({ miner }) => miner))
  const steps = plan(options)
  const progress = new Progress(kinds.size + steps.length)
  for (const kind of kinds) {
    const name = `the ${kind} miner`
    progress.start(`warming up ${name}`)
    const peer = peers.get(kind)!
    const miner = await startMiner(name, peer.miner)
    await warmUp(name, peer.client, miner)
    miners.set(kind, miner)
  }
  const samples: Sample[] = []
  const failures: string[] = []
  /** How long each cell takes by now. */
  const seconds = new Map<string, number>()

  for (const { round, size, inflight, pair } of steps) {
    const load = { size, inflight }
    const name = `${pair.name} at ${formatLoad(load)}`
    progress.start(name)
    try {
      const client = peers.get(pair.client)!.client
      const miner = miners.get(pair.miner)!
      const result = await measure(name, client, miner, load, seconds.get(name) ?? options.seconds)
      seconds.set(name, result.seconds)
      samples.push({ round, pair: pair.name, ...load, ...result.measurement })
    } catch (error) {
      if (error instanceof MinerGone) throw error
      // One client that fails is no reason to lose what the others took minutes to show.
      failures.push(`round ${round}: ${(error as Error).message}`)
    }
  }
  progress.end()
  return { samples, failures }
}
