/** What was measured, as text for a terminal. */
import { formatSize } from './options.js'
import type { Blocking, Overhead, Protection, Spread } from './overhead.js'
import { GUARDED, REFERENCE } from './pairs.js'
import { METRICS, type Metric, type Row } from './results.js'

export const TITLES: Readonly<Record<Metric, string>> = {
  rps: 'requests/s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  setupMs: 'set-up ms',
  clientCpuUs: 'client CPU us',
  minerCpuUs: 'miner CPU us',
  wireBytes: 'wire bytes',
}

/** Rows of one load together. */
export function byLoad(rows: readonly Row[]): Row[][] {
  const loads = new Map<string, Row[]>()
  for (const row of rows) {
    const key = formatLoad(row)
    loads.set(key, [...(loads.get(key) ?? []), row])
  }
  return [...loads.values()]
}

export const formatLoad = ({ size, inflight }: Pick<Row, 'size' | 'inflight'>): string =>
  `${formatSize(size)}, ${inflight} in flight`

export const formatRatio = (ratio: number | null): string =>
  ratio === null ? '-' : ratio >= 9.995 ? ratio.toFixed(1) : ratio.toFixed(2)

export function formatTable(rows: readonly Row[]): string {
  const head = ['', ...METRICS.map((metric) => TITLES[metric])]
  const groups = byLoad(rows).map((group) => ({
    title: formatLoad(group[0]!),
    lines: group.map((row) => [`  ${row.pair}`, ...METRICS.map((metric) => cell(row, metric))]),
  }))
  const all = [head, ...groups.flatMap(({ lines }) => lines)]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]!.length)))
  const print = (line: string[]): string =>
    line.map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!))).join('  ')
  return [
    print(head),
    ...groups.flatMap(({ title, lines }) => [title, ...lines.map(print)]),
    `In brackets: times ${REFERENCE} of the same run. CPU and wire bytes are those of one request.`,
  ].join('\n')
}

function cell(row: Row, metric: Metric): string {
  const value = row[metric]
  if (value === null) return '-'
  const ratio = `(${formatRatio(row.ratios[metric])})`
  return `${formatValue(value)} ${ratio.padStart(6)}`
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
