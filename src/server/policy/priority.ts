import { type Clock, systemClock } from '../../clock.js'
import type { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import { checkKeys, integer } from '../../options.js'
import {
  DEFAULT_AGING_MS,
  FairQueue,
  MAX_PLACES,
  type QueueLimits,
  type QueueStats,
  queuesOf,
  statsOf,
} from './fair-queue.js'
import type { Next, NothingAdded } from './middleware.js'
import { type Plugin, SynapseNames } from './plugin.js'

/** What one process has in hand without slowing each other down: more only share the same core. */
const DEFAULT_CONCURRENCY = 64
/** Four times what runs: who stands further back would rarely be answered in time. */
const DEFAULT_MAX_WAITING = 256
const MAX_AGING_MS = 3_600_000

/** How many calls run and wait, and how long one may be passed over. */
export interface PriorityOptions {
  /** Calls that run at once, from 1 to 65,536. Default 64. A stream's call runs until its last chunk is written. */
  readonly concurrency?: number
  /** Calls that wait for a place, from 0 to 65,536. Default 256. What is beyond is refused at once. */
  readonly maxWaiting?: number
  /** Milliseconds without a place after which a waiting hotkey is next, from 1 to 3,600,000. Default 5,000. */
  readonly agingMs?: number
  /** Synapses with places of their own, beside the common ones. What is left out is as above. */
  readonly synapses?: Readonly<Record<string, SynapsePlaces>>
}

/** Places that one synapse has for itself. */
export type SynapsePlaces = Pick<PriorityOptions, 'concurrency' | 'maxWaiting'>

/** Of the common queue, and of those that synapses have for themselves. */
export interface PriorityStats extends QueueStats {
  readonly synapses: Readonly<Record<string, QueueStats>>
}

/** What of a call decides when it runs: a higher number is sooner, whatever the scale. Not NaN. */
export type PriorityOf<C extends Call> = (call: C) => number | Promise<number>

/**
 * Runs so many calls at once and lets the others wait, in an order that is fair between hotkeys:
 *
 * 1. A free place goes to the hotkey with the fewest calls running, among equals to the call of the highest priority,
 *    among equals again to the hotkey that has waited longest: they take turns.
 * 2. But a hotkey that waits and got no place for `agingMs` is next, with its oldest call: nobody starves.
 * 3. When too many wait, one is refused at once: of the hotkey with the most calls waiting, among equals that of the
 *    lowest priority, then the newest, which may be the one that just came.
 *
 * Waiting counts against the call's deadline; a call that nobody waits for any more leaves the queue at once. One that
 * runs has its place until its handler is done, also past the deadline: a handler that does not heed `call.signal`
 * keeps others waiting.
 *
 * @param of asked only about a call that finds no place. What it throws fails the call. At most `maxWaiting` of its
 *   promises are waited for at once; calls beyond are refused
 * @example
 * miner.use(identify(source)).use(priority((call: Call & Identified) => call.neuron?.stake ?? 0))
 * @throws LevinError CONFIG for a number out of range, or an option that there is not
 */
export function priority<C extends Call = Call>(
  of: PriorityOf<C>,
  options: PriorityOptions = {},
  /** For tests: another clock than the machine's. */
  clock: Clock = systemClock,
): Plugin<[of: PriorityOf<C>, options?: PriorityOptions], PriorityStats, NothingAdded, C> {
  const names = new SynapseNames('priority')
  let settings = check(names, of, options)
  const common = new FairQueue(settings.common, clock)
  const known = new Map<string, FairQueue>()
  let queues = queuesOf(settings.synapses, known, clock)

  async function wait(queue: FairQueue, call: C, next: Next): Promise<object> {
    await queue.wait(call, settings.of(call))
    return next()
  }

  return Object.assign(
    function priority(call: C, next: Next): Promise<object> {
      const queue = queues.get(call.synapse) ?? common
      return queue.start(call) ? next() : wait(queue, call, next)
    },
    {
      ...names.hooks,
      set(of: PriorityOf<C>, options: PriorityOptions = {}): void {
        settings = check(names, of, options)
        common.set(settings.common)
        queues = queuesOf(settings.synapses, known, clock)
      },
      stats: (): PriorityStats => ({ ...common.stats(), synapses: statsOf(queues) }),
    },
  )
}

function check<C extends Call>(names: SynapseNames, of: PriorityOf<C>, options: PriorityOptions) {
  if (typeof of !== 'function') {
    throw new LevinError('CONFIG', 'priority: the first argument is a function (call) => number')
  }
  checkKeys('priority', options, ['concurrency', 'maxWaiting', 'agingMs', 'synapses'])
  const { agingMs = DEFAULT_AGING_MS, synapses = {} } = options
  const common: QueueLimits = {
    ...checkPlaces('', options, { concurrency: DEFAULT_CONCURRENCY, maxWaiting: DEFAULT_MAX_WAITING }),
    agingMs: integer('priority', 'agingMs', agingMs, 1, MAX_AGING_MS),
  }
  const named = Object.entries(synapses).map(([name, places]): [string, QueueLimits] => {
    const where = `synapses['${name}']`
    checkKeys(`priority: ${where}`, places, ['concurrency', 'maxWaiting'])
    return [name, { ...common, ...checkPlaces(`${where}.`, places, common) }]
  })
  names.set(Object.keys(synapses))
  return { of, common, synapses: new Map(named) }
}

function checkPlaces(where: string, places: SynapsePlaces, fallback: Required<SynapsePlaces>) {
  const { concurrency = fallback.concurrency, maxWaiting = fallback.maxWaiting } = places
  return {
    concurrency: integer('priority', `${where}concurrency`, concurrency, 1, MAX_PLACES),
    maxWaiting: integer('priority', `${where}maxWaiting`, maxWaiting, 0, MAX_PLACES),
  }
}
