/** From the measurements of all rounds to one row a pair, size and in-flight count. */
import type { Load, Measurement } from './measure.js'
import { PAIRS, REFERENCE } from './pairs.js'

/** One measurement of one round. */
export interface Sample extends Load, Measurement {
  readonly round: number
  readonly pair: string
}

/** What is measured and compared, in the order of the tables. */
export const METRICS = ['rps', 'p50Ms', 'p99Ms', 'setupMs', 'clientCpuUs', 'minerCpuUs', 'wireBytes'] as const
export type Metric = (typeof METRICS)[number]

/** Medians over the rounds; one object of the JSON. */
export interface Row extends Load, Measurement {
  readonly pair: string
  /** Client and miner together. */
  readonly cpuUs: number | null
  readonly rounds: number
  /** To the reference pair at the same load; null where that was not measured. */
  readonly ratios: Readonly<Record<Metric, number | null>>
}

/** Rows by size and in-flight count, the pairs of each in their usual order. */
export function summarise(samples: readonly Sample[]): Row[] {
  const cells = new Map<string, Sample[]>()
  for (const sample of samples) {
    const key = `${sample.pair} ${sample.size} ${sample.inflight}`
    cells.set(key, [...(cells.get(key) ?? []), sample])
  }
  return [...cells.values()]
    .map((cell) => summariseCell(cell, samples))
    .sort((a, b) => a.size - b.size || a.inflight - b.inflight || placeOf(a.pair) - placeOf(b.pair))
}

/** The usual order of the pairs. */
export function placeOf(pair: string): number {
  return PAIRS.findIndex(({ name }) => name === pair)
}

function summariseCell(cell: readonly Sample[], all: readonly Sample[]): Row {
  const { pair, size, inflight } = cell[0]!
  const medians = record((metric) => median(cell.map((sample) => sample[metric])))
  const { clientCpuUs, minerCpuUs } = medians
  return {
    pair,
    size,
    inflight,
    rps: medians.rps!,
    p50Ms: medians.p50Ms!,
    p99Ms: medians.p99Ms!,
    setupMs: medians.setupMs!,
    cpuUs: minerCpuUs === null ? null : clientCpuUs! + minerCpuUs,
    clientCpuUs: clientCpuUs!,
    minerCpuUs,
    wireBytes: medians.wireBytes,
    frameBytes: cell[0]!.frameBytes,
    rounds: cell.length,
    ratios: record((metric) => ratio(all, metric, { size, inflight }, pair, REFERENCE)),
  }
}

/**
 * How many times `base` a pair is at one load. Rounds are compared one by one and the median taken then: what slows a
 * machine down for a while slows both of a round, which were measured within seconds of each other.
 */
export function ratio(
  samples: readonly Sample[],
  metric: Metric,
  load: Load,
  pair: string,
  base: string,
): number | null {
  const here = samples.filter(({ size, inflight }) => size === load.size && inflight === load.inflight)
  return compareRounds(here, pair, base, (sample) => sample[metric])
}

/** The same of anything that is measured of pairs in rounds. */
export function compareRounds<T extends { readonly pair: string; readonly round: number }>(
  samples: readonly T[],
  pair: string,
  base: string,
  measured: (sample: T) => number | null,
): number | null {
  const ratios = samples
    .filter((sample) => sample.pair === pair)
    .map((sample) => {
      const other = samples.find((one) => one.pair === base && one.round === sample.round)
      const [value, against] = [measured(sample), other === undefined ? null : measured(other)]
      return value === null || against === null ? null : value / against
    })
  return median(ratios)
}

/** Of what is known; null when nothing is. */
export function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!]
  return (low + high) / 2
}

function record<T>(value: (metric: Metric) => T): Record<Metric, T> {
  return Object.fromEntries(METRICS.map((metric) => [metric, value(metric)])) as Record<Metric, T>
}
