/** Streams: how many bytes a second they carry, and how soon the first chunk is there. */
import { EXTRA_MS, runClient } from './measure.js'
import { REFERENCE } from './pairs.js'
import type { Command, Miner } from './processes.js'
import { compareRounds, median, placeOf } from './results.js'

export const STREAM_BYTES = 64 * 1024 * 1024
/** What a language model or a progress report sends, and what a file is cut into. */
export const CHUNKS: readonly number[] = [16 * 1024, 1024 * 1024]
/** Each measurement has the median of so many whole streams, one after another. */
const STREAMS = 3
/** As many that are only read for the time to their first chunk, and are this short. */
const FIRSTS = 21
const FIRST_CHUNKS = 4

export interface StreamMeasurement {
  /** A MB is 1024 x 1024 bytes of chunks. */
  readonly mbPerSecond: number
  /** From the query to the first chunk at the client, on a connection that is up. */
  readonly firstMs: number
}

export const STREAM_METRICS = ['mbPerSecond', 'firstMs'] as const
export type StreamMetric = (typeof STREAM_METRICS)[number]

/** One measurement of one round. */
export interface StreamSample extends StreamMeasurement {
  readonly round: number
  readonly pair: string
  /** Bytes of each chunk. */
  readonly chunk: number
}

/** Medians over the rounds; one object of the JSON. */
export interface StreamRow extends StreamMeasurement {
  readonly pair: string
  readonly chunk: number
  readonly streamBytes: number
  readonly rounds: number
  /** To the reference pair with the same chunks; null where that was not measured. */
  readonly ratios: Readonly<Record<StreamMetric, number | null>>
}

export async function measureStreams(
  name: string,
  client: Command,
  miner: Miner,
  chunk: number,
): Promise<StreamMeasurement> {
  const short = FIRST_CHUNKS * chunk
  const load = { size: chunk, bytes: STREAM_BYTES, streams: STREAMS, short, firsts: FIRSTS }
  const { line } = await runClient(name, client, miner, load, EXTRA_MS)
  const { wholeMs, firstMs } = JSON.parse(line) as Record<string, unknown>
  if (typeof wholeMs !== 'number' || typeof firstMs !== 'number') throw new Error(`${name} reported ${line}`)
  return { mbPerSecond: STREAM_BYTES / 1024 / 1024 / (wholeMs / 1000), firstMs }
}

/** Rows by chunk, the pairs of each in their usual order. */
export function summariseStreams(samples: readonly StreamSample[]): StreamRow[] {
  const chunks = [...new Set(samples.map(({ chunk }) => chunk))].sort((a, b) => a - b)
  return chunks.flatMap((chunk) => {
    const here = samples.filter((sample) => sample.chunk === chunk)
    const pairs = [...new Set(here.map(({ pair }) => pair))].sort((a, b) => placeOf(a) - placeOf(b))
    return pairs.map((pair) => summarisePair(pair, chunk, here))
  })
}

function summarisePair(pair: string, chunk: number, here: readonly StreamSample[]): StreamRow {
  const mine = here.filter((sample) => sample.pair === pair)
  const middle = (metric: StreamMetric): number => median(mine.map((sample) => sample[metric]))!
  const ratio = (metric: StreamMetric) => compareRounds(here, pair, REFERENCE, (sample) => sample[metric])
  return {
    pair,
    chunk,
    streamBytes: STREAM_BYTES,
    mbPerSecond: middle('mbPerSecond'),
    firstMs: middle('firstMs'),
    rounds: mine.length,
    ratios: { mbPerSecond: ratio('mbPerSecond'), firstMs: ratio('firstMs') },
  }
}
