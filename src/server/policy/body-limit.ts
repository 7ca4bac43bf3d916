import type { Call } from '../../contract/call.js'
import type { Next } from './middleware.js'
import { type PerSynapse, type Plugin, perSynapse, SynapseNames } from './plugin.js'
import { refuse } from './refuse.js'

/** The longest frame that there can be. */
const MAX_BYTES = 2 ** 32 - 1

export interface BodyLimitStats {
  readonly refused: number
}

/**
 * Refuses requests whose data is long, before they are validated. The frame was read by then: what a peer can make the
 * miner read is bounded by `maxFrameBytes`.
 * @param limits bytes of `call.data` as it came, encoded, from 1 to 2^32-1: for every synapse, or by name
 * @example
 * miner.use(bodyLimit({ default: 65_536, synapses: { Transcribe: 16 * 1024 * 1024 } }))
 * @throws LevinError CONFIG for a limit out of range, or an option that there is not
 */
export function bodyLimit(limits: PerSynapse): Plugin<[limits: PerSynapse], BodyLimitStats> {
  const names = new SynapseNames('bodyLimit')
  const parse = (given: PerSynapse) => perSynapse(names, given, 1, MAX_BYTES)
  let limitOf = parse(limits)
  let refused = 0
  return Object.assign(
    function bodyLimit(call: Call, next: Next): Promise<object> {
      const limit = limitOf(call.synapse)
      const { length } = call.data.bytes
      if (limit === undefined || length <= limit) return next()
      refused++
      throw refuse(`the request's data has ${length} bytes, the limit is ${limit}`, 'tooLarge')
    },
    {
      ...names.hooks,
      set(limits: PerSynapse): void {
        limitOf = parse(limits)
      },
      stats: (): BodyLimitStats => ({ refused }),
    },
  )
}
