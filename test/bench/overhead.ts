/** What of Levin costs what: a handler behind injection, validation and a middleware, its protections, its HTTP doors. */
import type { Load } from './measure.js'
import {
  BARE,
  BITTENSOR,
  DENDRITE_AT_DOOR,
  GUARDED,
  HTTP_AT_AXON,
  HTTP_AT_DOOR,
  OPEN,
  TYPED,
} from './pairs.js'
import { type Command, runToLine } from './processes.js'
import { type Metric, ratio, type Sample } from './results.js'

export interface Overhead extends Load {
  /** The miner's CPU a request, in times of a bare echo's. */
  readonly times: number
}

/** At each load at which both were measured. */
export function overheads(samples: readonly Sample[]): Overhead[] {
  return loadsOf(samples, TYPED).flatMap((load) => {
    const times = ratio(samples, 'minerCpuUs', load, TYPED, BARE)
    return times === null ? [] : { ...load, times }
  })
}

/** In times of the same miner with its protections off. */
export interface Protection extends Load {
  readonly pair: string
  /** Requests a second. */
  readonly rps: number
  /** The miner's CPU a request; null where that is not measured. Steadier than requests a second. */
  readonly minerCpu: number | null
}

/** At each load at which the miner without protections was measured too. */
export function protections(samples: readonly Sample[]): Protection[] {
  return [BARE, GUARDED].flatMap((pair) =>
    loadsOf(samples, OPEN).flatMap((load) => {
      const rps = ratio(samples, 'rps', load, pair, OPEN)
      return rps === null
        ? []
        : { ...load, pair, rps, minerCpu: ratio(samples, 'minerCpuUs', load, pair, OPEN) }
    }),
  )
}

/** A Levin miner's HTTP door, in times of an axon that the same client asks. */
export interface DoorCost extends Load {
  /** Who asks. */
  readonly client: 'dendrite' | 'http'
  readonly rps: number
  readonly p50: number | null
  /** The miner's CPU a request; null where that is not measured. */
  readonly minerCpu: number | null
}

/** At each load at which one client asked both. */
export function doorCosts(samples: readonly Sample[]): DoorCost[] {
  const pairs = [
    ['dendrite', DENDRITE_AT_DOOR, BITTENSOR],
    ['http', HTTP_AT_DOOR, HTTP_AT_AXON],
  ] as const
  return pairs.flatMap(([client, pair, base]) =>
    loadsOf(samples, pair).flatMap((load) => {
      const times = (metric: Metric) => ratio(samples, metric, load, pair, base)
      const rps = times('rps')
      return rps === null ? [] : { ...load, client, rps, p50: times('p50Ms'), minerCpu: times('minerCpuUs') }
    }),
  )
}

function loadsOf(samples: readonly Sample[], wanted: string): Load[] {
  const found = new Map<string, Load>()
  for (const { pair, size, inflight } of samples) {
    if (pair === wanted) found.set(`${size} ${inflight}`, { size, inflight })
  }
  return [...found.values()]
}

export interface Spread {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** How long a validated request keeps the miner's loop from anything else. */
export interface Blocking {
  readonly size: number
  /** `plain`: class-validator alone; `transformed`: class-transformer makes the instance and takes it apart again. */
  readonly dto: 'plain' | 'transformed'
  readonly requests: number
  /** Binding, validating and running the handler, which returns at once. */
  readonly bind: Spread
  /** The CPU that the whole process used meanwhile: more than this, and another process had the core. */
  readonly bindCpu: Spread
  /** How late the loop came to a timer: everything, from packets and decoding to garbage and other processes. */
  readonly loop: Spread
}

export async function measureBlocking(program: Command): Promise<Blocking[]> {
  const { line } = await runToLine('the measurement of what blocks the loop', program, 120_000)
  return JSON.parse(line) as Blocking[]
}
