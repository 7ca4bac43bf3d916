/** What was measured, as text for a terminal. */
import { formatSize } from './options.js'
import type { Blocking, DoorCost, Overhead, Protection, Spread } from './overhead.js'
import { GUARDED, REFERENCE } from './pairs.js'
import { METRICS, type Metric, type Row } from './results.js'
import { STREAM_METRICS, type StreamMetric, type StreamRow } from './streams.js'

export const TITLES: Readonly<Record<Metric, string>> = {
  rps: 'requests/s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  setupMs: 'set-up ms',
  clientCpuUs: 'client CPU us',
  minerCpuUs: 'miner CPU us',
  wireBytes: 'wire bytes',
}

export const STREAM_TITLES: Readonly<Record<StreamMetric, string>> = {
  mbPerSecond: 'MB/s',
  firstMs: 'first chunk ms',
}

/** Rows of one load together, by its name. */
export function group<T>(rows: readonly T[], nameOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(nameOf(row), [...(groups.get(nameOf(row)) ?? []), row])
  return groups
}

export const formatLoad = ({ size, inflight }: Pick<Row, 'size' | 'inflight'>): string =>
  `${formatSize(size)}, ${inflight} in flight`

export const formatChunk = ({ chunk }: Pick<StreamRow, 'chunk'>): string => `chunks of ${formatSize(chunk)}`

/** With two digits that say something: what is far slower than the reference shows how far. */
export function formatRatio(ratio: number | null): string {
  if (ratio === null) return '-'
  if (ratio >= 9.995) return ratio.toFixed(1)
  return ratio >= 0.0995 || ratio === 0 ? ratio.toFixed(2) : ratio.toPrecision(2)
}

export function formatTable(rows: readonly Row[]): string {
  return layOut(rows, METRICS, TITLES, formatLoad, 'CPU and wire bytes are those of one request.')
}

export function formatStreams(rows: readonly StreamRow[]): string {
  const note = `Of streams of ${formatSize(rows[0]?.streamBytes ?? 0)}.`
  return layOut(rows, STREAM_METRICS, STREAM_TITLES, formatChunk, note)
}

type Measured<M extends string> = Readonly<Record<M, number | null>> & {
  readonly pair: string
  readonly ratios: Readonly<Record<M, number | null>>
}

function layOut<M extends string, R extends Measured<M>>(
  rows: readonly R[],
  metrics: readonly M[],
  titles: Readonly<Record<M, string>>,
  nameOf: (row: R) => string,
  note: string,
): string {
  const head = ['', ...metrics.map((metric) => titles[metric])]
  const groups = [...group(rows, nameOf)].map(([title, members]) => ({
    title,
    lines: members.map((row) => [
      `  ${row.pair}`,
      ...metrics.map((metric) => cell(row[metric], row.ratios[metric])),
    ]),
  }))
  const all = [head, ...groups.flatMap(({ lines }) => lines)]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]!.length)))
  const print = (line: string[]): string =>
    line.map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!))).join('  ')
  return [
    print(head),
    ...groups.flatMap(({ title, lines }) => [title, ...lines.map(print)]),
    `In brackets: times ${REFERENCE} of the same run. ${note}`,
  ].join('\n')
}

function cell(value: number | null, ratio: number | null): string {
  if (value === null) return '-'
  return `${formatValue(value)} ${`(${formatRatio(ratio)})`.padStart(6)}`
}

function formatValue(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 10 ? 1 : 2)
}

export function formatOverheads(overheads: readonly Overhead[]): string[] {
  return overheads.map(
    (one) =>
      `Injection, validation and one middleware at ${formatLoad(one)}: ` +
      `${formatRatio(one.times)} x the miner CPU of a bare echo`,
  )
}

export function formatProtections(protections: readonly Protection[]): string[] {
  return protections.map(({ pair, rps, minerCpu, ...load }) => {
    const more = pair === GUARDED ? ', with a blacklist, a body limit and the priority queue' : ''
    return (
      `Protections at their defaults${more} at ${formatLoad(load)}: ` +
      `${formatRatio(rps)} x the requests/s without, ${formatRatio(minerCpu)} x the miner CPU`
    )
  })
}

export function formatDoors(costs: readonly DoorCost[]): string[] {
  return costs.map(({ client, rps, p50, minerCpu, ...load }) => {
    const who = client === 'dendrite' ? "bittensor's dendrite" : 'a client that costs little'
    return (
      `Asked by ${who} at ${formatLoad(load)}, a Levin miner has ${formatRatio(rps)} x the requests/s of an axon, ` +
      `${formatRatio(p50)} x the p50, ${formatRatio(minerCpu)} x the miner CPU`
    )
  })
}

export function formatBlocking(results: readonly Blocking[]): string[] {
  return results.map(
    ({ dto, size, requests, bind, bindCpu, loop }) =>
      `A validated DTO (${dto}) with ${formatSize(size)} of binary, ${requests} requests: binding blocks the loop ` +
      `for ${spread(bind)} (of which on a CPU: ${spread(bindCpu)}); any delay of the loop meanwhile: ${spread(loop)}`,
  )
}

function spread({ p50Ms, p99Ms, maxMs }: Spread): string {
  return `p50 ${p50Ms.toFixed(2)}, p99 ${p99Ms.toFixed(2)}, max ${maxMs.toFixed(2)} ms`
}
