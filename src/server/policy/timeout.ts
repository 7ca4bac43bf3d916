import type { Call } from '../../contract/call.js'
import { MAX_TIMER_MS } from '../../options.js'
import type { Next } from './middleware.js'
import { type PerSynapse, type Plugin, perSynapse, SynapseNames } from './plugin.js'

/** Calls that were given less time. */
export interface TimeoutStats {
  /** Calls whose deadline was brought forward. */
  readonly limited: number
}

/**
 * Gives calls less time than their synapse declares, never more: the peer reads `handler timed out` when it is over.
 * The time starts where the middleware stands in the order of `use`.
 * @param limits milliseconds, from 1 to 2^31-1: for every synapse, or by name
 * @example
 * miner.use(timeout({ default: 10_000, synapses: { Forecast: 2_000 } }))
 * @throws LevinError CONFIG for a limit out of range, or an option that there is not
 */
export function timeout(limits: PerSynapse): Plugin<[limits: PerSynapse], TimeoutStats> {
  const names = new SynapseNames('timeout')
  const parse = (given: PerSynapse) => perSynapse(names, given, 1, MAX_TIMER_MS)
  let limitOf = parse(limits)
  let limited = 0
  return Object.assign(
    function timeout(call: Call, next: Next): Promise<object> {
      const limit = limitOf(call.synapse)
      if (limit !== undefined) {
        const before = call.deadline
        call.limitTo(limit)
        if (call.deadline < before) limited++
      }
      return next()
    },
    {
      ...names.hooks,
      set(limits: PerSynapse): void {
        limitOf = parse(limits)
      },
      stats: (): TimeoutStats => ({ limited }),
    },
  )
}
