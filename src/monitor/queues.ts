/** The queues of a miner's middleware: that of `priority`, those of `concurrency`, and of anything that counts as they do. */
import type { QueueStats } from '../server/policy/fair-queue.js'
import type { MinerStats } from '../server/stats.js'

export interface NamedQueue {
  readonly middleware: string
  /** Empty for the queue of all synapses. */
  readonly synapse: string
  readonly queue: QueueStats
}

const isQueue = (value: unknown): value is QueueStats =>
  typeof value === 'object' &&
  value !== null &&
  (['running', 'waiting', 'shed', 'longestWaitMs'] as const).every(
    (key) => typeof (value as QueueStats)[key] === 'number',
  )

/** Only of synapses that the miner answers. */
export function queuesOf({ middleware, calls }: MinerStats): NamedQueue[] {
  const found: NamedQueue[] = []
  for (const [name, stats] of Object.entries(middleware)) {
    if (isQueue(stats)) found.push({ middleware: name, synapse: '', queue: stats })
    const bySynapse = 'synapses' in stats ? Object(stats.synapses) : stats
    for (const synapse of Object.keys(calls)) {
      const queue: unknown = Object.hasOwn(bySynapse, synapse) ? bySynapse[synapse] : undefined
      if (isQueue(queue)) found.push({ middleware: name, synapse, queue })
    }
  }
  return found
}

/** What each middleware refused, of those that count it. */
export function refusedBy({ middleware }: MinerStats): [middleware: string, refused: number][] {
  const counted: [string, number][] = []
  for (const [name, stats] of Object.entries(middleware)) {
    if ('refused' in stats && typeof stats.refused === 'number') counted.push([name, stats.refused])
  }
  return counted
}
