/** The command line of the benchmark. */
import { parseArgs } from 'node:util'
import { findPair, PAIRS, type Pair } from './pairs.js'
import { CHUNKS } from './streams.js'

export interface BenchOptions {
  readonly pairs: readonly Pair[]
  /** Undefined: each pair's own. */
  readonly sizes: readonly number[] | undefined
  readonly inflight: readonly number[] | undefined
  /** Of streams. */
  readonly chunks: readonly number[]
  readonly rounds: number
  readonly seconds: number
  readonly json: string | undefined
  /** The page was asked for. */
  readonly page: boolean
  /** Something but the default was asked for. */
  readonly narrowed: boolean
}

export const SIZES: readonly number[] = [256, 1024, 10 * 1024, 100 * 1024, 1024 * 1024]
export const INFLIGHT: readonly number[] = [1, 32, 128]
/** Below this, the shares of a window that are cut off at its ends are no longer worth their name. */
const MIN_SECONDS = 0.5

export const USAGE = `npm run bench -- [options]

  --pairs A,B      of ${PAIRS.map(({ name }) => name).join(', ')} (client-miner)
  --sizes A,B      payload: bytes, or as 256B, 1KB, 1MB
  --inflight A,B   requests in flight at a time; default ${INFLIGHT.join(',')}
  --chunks A,B     chunks of a stream; default ${CHUNKS.map(formatSize).join(',').replaceAll(' ', '')}
                   --sizes alone measures no streams, --chunks alone nothing else
  --rounds N       how often all of it is measured; default 3
  --seconds S      how long each measurement takes; default 1, longer where answers are slow
  --json FILE      writes what was measured, one object a pair, size and in-flight count,
                   then one a pair and chunk of a stream
  --page           writes docs/benchmarks.md, its .svg and README's table even though the run is narrowed
`

/** @throws Error that says what to write instead */
export function readOptions(args: string[]): BenchOptions | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args,
    options: {
      pairs: text,
      sizes: text,
      inflight: text,
      chunks: text,
      rounds: text,
      seconds: text,
      json: text,
      page: flag,
      help: flag,
    },
  })
  if (values.help) return 'help'
  const { pairs, sizes, inflight, chunks, rounds, seconds } = values
  const narrowed = [pairs, sizes, inflight, chunks, rounds, seconds].some((value) => value !== undefined)
  return {
    pairs: pairs === undefined ? PAIRS : list(pairs, findPair),
    sizes: sizes !== undefined ? listSizes('sizes', sizes) : chunks === undefined ? undefined : [],
    inflight: inflight === undefined ? undefined : list(inflight, (one) => count('inflight', one)),
    chunks: chunks !== undefined ? listSizes('chunks', chunks) : sizes === undefined ? CHUNKS : [],
    rounds: count('rounds', rounds ?? '3'),
    seconds: atLeast('seconds', seconds ?? '1', MIN_SECONDS),
    json: values.json,
    page: values.page ?? false,
    narrowed,
  }
}

function list<T>(text: string, parse: (one: string) => T): T[] {
  return [...new Set(text.split(',').map((one) => parse(one.trim())))]
}

function count(name: string, text: string): number {
  const value = atLeast(name, text, 1)
  if (Number.isInteger(value)) return value
  throw new Error(`--${name} ${text}: an integer is needed`)
}

function atLeast(name: string, text: string, least: number): number {
  const value = Number(text)
  if (text !== '' && value >= least && Number.isFinite(value)) return value
  throw new Error(`--${name} ${text}: a number from ${least} is needed`)
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 * 1024 }

function listSizes(name: string, text: string): number[] {
  return list(text, (one) => parseSize(name, one))
}

function parseSize(name: string, text: string): number {
  const [, digits, unit] = /^(\d+) ?([kmb]?)(?:i?b)?$/i.exec(text) ?? []
  if (digits === undefined) throw new Error(`--${name} ${text}: write bytes (1024), or as 256B, 1KB, 1MB`)
  return Number(digits) * UNITS[unit!.toLowerCase()]!
}

export function formatSize(bytes: number): string {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / 1024 / 1024} MB`
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024} KB`
  return `${bytes} B`
}
