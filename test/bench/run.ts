/** All rounds of all measurements, the pairs in turn. */
import { type Load, MinerGone, measure, warmUp } from './measure.js'
import { type BenchOptions, INFLIGHT, SIZES } from './options.js'
import type { Pair, PeerKind } from './pairs.js'
import type { Peer } from './peers.js'
import { type Miner, startMiner } from './processes.js'
import { Progress } from './progress.js'
import type { Sample } from './results.js'
import { measureStreams, type StreamSample } from './streams.js'
import { formatChunk, formatLoad } from './table.js'

export interface Outcome {
  readonly samples: readonly Sample[]
  readonly streams: readonly StreamSample[]
  readonly failures: readonly string[]
}

/** Requests, or streams. */
type Work = Load | Pick<StreamSample, 'chunk'>

type Step = Work & { readonly round: number; readonly pair: Pair }

/** The pairs of one load follow each other, each round and load beginning with another one. */
function plan(options: BenchOptions): Step[] {
  const steps: Step[] = []
  let turn = 0
  const add = (round: number, work: Work, pairs: readonly Pair[]): void => {
    pairs.forEach((_, at) => {
      steps.push({ ...work, round, pair: pairs[(at + turn) % pairs.length]! })
    })
    turn++
  }
  const { pairs, sizes, inflight, chunks, rounds } = options
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes ?? SIZES) {
      for (const one of inflight ?? INFLIGHT) {
        const measured = pairs.filter(
          (pair) =>
            (sizes ?? pair.sizes ?? SIZES).includes(size) &&
            (inflight ?? pair.inflight ?? INFLIGHT).includes(one),
        )
        add(round, { size, inflight: one }, measured)
      }
    }
    const streaming = pairs.filter(({ streams }) => streams)
    for (const chunk of chunks) add(round, { chunk }, streaming)
  }
  return steps
}

/** @throws Error when there is nothing to measure, or a miner does not start or ends */
export async function runAll(options: BenchOptions, peers: ReadonlyMap<PeerKind, Peer>): Promise<Outcome> {
  const miners = new Map<PeerKind, Miner>()
  const kinds = new Set(options.pairs.map(({ miner }) => miner))
  const streaming = new Set(options.pairs.filter(({ streams }) => streams).map(({ miner }) => miner))
  const steps = plan(options)
  if (steps.length === 0) throw new Error('none of these pairs has streams to measure: leave out --chunks')
  const progress = new Progress(kinds.size + steps.length)
  for (const kind of kinds) {
    const name = `the ${kind} miner`
    progress.start(`warming up ${name}`)
    const peer = peers.get(kind)!
    const miner = await startMiner(name, peer.miner)
    await warmUp(name, peer.client, miner)
    const [chunk] = options.chunks
    if (chunk !== undefined && peer.streamClient !== undefined && streaming.has(kind)) {
      await measureStreams(name, peer.streamClient, miner, chunk)
    }
    miners.set(kind, miner)
  }
  const samples: Sample[] = []
  const streams: StreamSample[] = []
  const failures: string[] = []
  /** How long each cell takes by now. */
  const seconds = new Map<string, number>()

  for (const { round, pair, ...work } of steps) {
    const name = `${pair.name} at ${'chunk' in work ? formatChunk(work) : formatLoad(work)}`
    progress.start(name)
    try {
      const { client, streamClient } = peers.get(pair.client)!
      const miner = miners.get(pair.miner)!
      if ('chunk' in work) {
        const measurement = await measureStreams(name, streamClient!, miner, work.chunk)
        streams.push({ round, pair: pair.name, ...work, ...measurement })
      } else {
        const result = await measure(name, client, miner, work, seconds.get(name) ?? options.seconds)
        seconds.set(name, result.seconds)
        samples.push({ round, pair: pair.name, ...work, ...result.measurement })
      }
    } catch (error) {
      if (error instanceof MinerGone) throw error
      // One client that fails is no reason to lose what the others took minutes to show.
      failures.push(`round ${round}: ${(error as Error).message}`)
    }
  }
  progress.end()
  return { samples, streams, failures }
}
