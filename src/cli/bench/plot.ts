/** Pure. What `levin bench` prints. */
import type { Latencies } from './latencies.js'

const BAR = 40

const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`

/** A bar for each doubling of the latency. */
export function plotOf(latencies: Latencies): string {
  const octaves = latencies.octaves()
  const most = Math.max(...octaves.map(({ count }) => count), 1)
  return octaves
    .map(({ upToMs, count }) => {
      const bar = '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * BAR)))
      return `${`≤ ${ms(upToMs)}`.padStart(12)} ${bar} ${count}`
    })
    .join('\n')
}

export interface Load {
  readonly answered: number
  readonly failed: Readonly<Record<string, number>>
  readonly perSecond: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export function tableOf(load: Load): string {
  const failed = Object.entries(load.failed).map(([code, count]) => [`failed ${code}`, String(count)])
  const rows = [
    ['answered', String(load.answered)],
    ...failed,
    ['a second', load.perSecond.toFixed(0)],
    ['p50', ms(load.p50Ms)],
    ['p90', ms(load.p90Ms)],
    ['p99', ms(load.p99Ms)],
    ['slowest', ms(load.maxMs)],
  ]
  const width = Math.max(...rows.map(([name]) => name!.length))
  return rows.map(([name, value]) => `${name!.padEnd(width)}  ${value!.padStart(10)}`).join('\n')
}
