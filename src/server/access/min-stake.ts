import { inspect } from 'node:util'
import { LevinError } from '../../errors.js'
import { ChangeListeners } from '../../metagraph/change-listeners.js'
import type { MetagraphSource, Neuron } from '../../metagraph/source.js'
import { checkKeys } from '../../options.js'
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

/** Which stake counts: all of it as validators weigh it, or one of its parts. */
export type StakeKind = 'total' | 'alpha' | 'tao'

/** Which stake counts, and how old it may be. */
export interface MinStakeOptions extends NeuronRuleOptions {
  /**
   * Default `total`: the subnet's own token, and TAO on root times TaoWeight. `alpha` is the first alone, `tao` the
   * second, before TaoWeight.
   */
  readonly of?: StakeKind
}

const FIELDS = { total: 'stake', alpha: 'alphaStake', tao: 'taoStake' } as const satisfies Record<
  StakeKind,
  keyof Neuron
>

/**
 * Admits who is registered with this much stake or more, as the source knows it.
 *
 * `start` throws LevinError CONFIG for a source that knows no stake of this kind, and nobody is admitted by one.
 * @param tao 0 or more
 * @throws LevinError CONFIG for what is no amount, without a source, and for an option that is unknown or out of range
 */
export function minStake(tao: number, source: MetagraphSource, options: MinStakeOptions = {}): MinStake {
  checkKeys('minStake', options, ['of', 'maxAgeMs'])
  const { of = 'total', ...ages } = options
  const stakeOf = stakeReader(of)
  let least = checkTao(tao)
  const listeners = new ChangeListeners()
  const kind = of === 'total' ? 'stake' : `${of} stake`
  const rule = neuronRule('minStake', source, ages, (neuron) => {
    const stake = stakeOf(neuron)
    return stake >= least ? undefined : `${kind} ${stake} TAO is below ${least}`
  })
  return {
    ...rule,
    get name() {
      return of === 'total' ? `minStake(${least})` : `minStake(${least}, of ${of})`
    },
    async start() {
      await rule.start()
      try {
        for (const neuron of source.neurons()) stakeOf(neuron)
      } catch (error) {
        await rule.stop()
        throw error
      }
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

/** @returns what reads it of a neuron, and throws LevinError CONFIG where the source does not know it */
function stakeReader(of: StakeKind): (neuron: Neuron) => number {
  if (!Object.hasOwn(FIELDS, of)) {
    const kinds = Object.keys(FIELDS).join(', ')
    throw new LevinError('CONFIG', `minStake: of is ${inspect(of)}; it is one of ${kinds}`)
  }
  const field = FIELDS[of]
  return (neuron) => {
    const stake = neuron[field]
    if (stake !== undefined) return stake
    throw new LevinError(
      'CONFIG',
      `minStake: the source does not know the ${of} stake of ${neuron.hotkey}; give it one that says ${field}, ` +
        "such as subtensor() of 'levin/subtensor', or leave out of: '" +
        of +
        "'",
    )
  }
}

function checkTao(tao: number): number {
  if (Number.isFinite(tao) && tao >= 0) return tao
  throw new LevinError('CONFIG', `minStake: the stake is ${inspect(tao)}; it is a number of TAO, 0 or more`)
}
