import { type Clock, systemClock } from '../../clock.js'
import type { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import { checkKeys, integer } from '../../options.js'
import {
  DEFAULT_AGING_MS,
  type FairQueue,
  MAX_PLACES,
  type QueueLimits,
  type QueueStats,
  queuesOf,
  statsOf,
} from './fair-queue.js'
import type { Next } from './middleware.js'
import { type Plugin, SynapseNames } from './plugin.js'

/** How many calls of a synapse run at once, by its name; from 1 to 65,536. Those that are not named are not limited. */
export type ConcurrencyLimits = Readonly<Record<string, number>>

/** What happens to calls beyond the limit. */
export interface ConcurrencyOptions {
  /** Calls of each synapse that wait for a place, from 0 to 65,536. Default 0: what is beyond the limit is refused. */
  readonly maxWaiting?: number
}

/** By synapse. */
export type ConcurrencyStats = Readonly<Record<string, QueueStats>>

/**
 * Runs so many calls of a synapse at once, for what a model or a device behind it can do. Those that wait do so in
 * order of arrival, but for fairness: the hotkey with the fewest of them running is next. `priority` is the same with
 * an order of yours.
 * @example
 * miner.use(concurrency({ Transcribe: 2 }, { maxWaiting: 8 }))
 * @throws LevinError CONFIG for a number out of range, or an option that there is not
 */
export function concurrency(
  limits: ConcurrencyLimits,
  options: ConcurrencyOptions = {},
  /** For tests: another clock than the machine's. */
  clock: Clock = systemClock,
): Plugin<[limits: ConcurrencyLimits, options?: ConcurrencyOptions], ConcurrencyStats> {
  const names = new SynapseNames('concurrency')
  const known = new Map<string, FairQueue>()
  let queues = queuesOf(check(names, limits, options), known, clock)
  return Object.assign(
    function concurrency(call: Call, next: Next): Promise<object> {
      const queue = queues.get(call.synapse)
      if (queue === undefined || queue.start(call)) return next()
      return queue.wait(call, 0).then(() => next())
    },
    {
      ...names.hooks,
      set(limits: ConcurrencyLimits, options: ConcurrencyOptions = {}): void {
        queues = queuesOf(check(names, limits, options), known, clock)
      },
      stats: (): ConcurrencyStats => statsOf(queues),
    },
  )
}

function check(
  names: SynapseNames,
  limits: ConcurrencyLimits,
  options: ConcurrencyOptions,
): Map<string, QueueLimits> {
  checkKeys('concurrency', options, ['maxWaiting'])
  const maxWaiting = integer('concurrency', 'maxWaiting', options.maxWaiting ?? 0, 0, MAX_PLACES)
  if (typeof limits !== 'object' || limits === null) {
    throw new LevinError('CONFIG', 'concurrency: the limits are an object: write concurrency({ Name: 4 })')
  }
  const queues = Object.entries(limits).map(([name, limit]): [string, QueueLimits] => [
    name,
    {
      concurrency: integer('concurrency', `'${name}'`, limit, 1, MAX_PLACES),
      maxWaiting,
      agingMs: DEFAULT_AGING_MS,
    },
  ])
  names.set(Object.keys(limits))
  return new Map(queues)
}
