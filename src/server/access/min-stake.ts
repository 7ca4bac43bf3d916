import { inspect } from 'node:util'
import { LevinError } from '../../errors.js'
import { ChangeListeners } from '../../metagraph/change-listeners.js'
import type { MetagraphSource } from '../../metagraph/source.js'
import { type NeuronRuleOptions, neuronRule } from './neuron-rule.js'
import type { AccessRule } from './rule.js'

/** A rule about stake, which can be another amount while the miner runs. */
export interface MinStake extends AccessRule {
  /**
   * Another amount from now on, for those who are connected as well.
   * @throws LevinError CONFIG for what is no amount: the one from before stays
   */
  set(tao: number): void
}

/**
 * Admits who is registered with this much stake or more, as the source knows it.
 * @param tao 0 or more
 * @throws LevinError CONFIG for what is no amount, without a source, and for an option that is unknown or out of range
 */
export function minStake(tao: number, source: MetagraphSource, options: NeuronRuleOptions = {}): MinStake {
  let least = checkTao(tao)
  const listeners = new ChangeListeners()
  const rule = neuronRule('minStake', source, options, ({ stake }) =>
    stake >= least ? undefined : `stake ${stake} TAO is below ${least}`,
  )
  return {
    ...rule,
    get name() {
      return `minStake(${least})`
    },
    onChange(look) {
      const ends = [listeners.add(look), rule.onChange(look)]
      return () => {
        for (const end of ends) end()
      }
    },
    set(next) {
      least = checkTao(next)
      listeners.tell()
    },
  }
}

function checkTao(tao: number): number {
  if (Number.isFinite(tao) && tao >= 0) return tao
  throw new LevinError('CONFIG', `minStake: the stake is ${inspect(tao)}; it is a number of TAO, 0 or more`)
}
