/** What the rules that look a hotkey up in the metagraph have in common. */
import { LevinError } from '../../errors.js'
import type { MetagraphSource, Neuron } from '../../metagraph/source.js'
import { checkKeys, milliseconds } from '../../options.js'
import type { AccessRule, Objection } from './rule.js'

/** What all rules take that read a metagraph. */
export interface NeuronRuleOptions {
  /**
   * How old the source's data may be, in milliseconds; who asks while it is older is not admitted. Default 7,200,000:
   * four of the reference's refreshes of 1,800 s.
   */
  readonly maxAgeMs?: number
}

/** How old what a rule or a filter goes by may be, unless it is told otherwise. */
export const DEFAULT_MAX_AGE_MS = 4 * 1_800_000

/**
 * @param name of the rule's function
 * @param objectionTo a neuron that is registered
 * @throws LevinError CONFIG for an option that is unknown or out of range, and without a source
 */
export function neuronRule(
  name: string,
  source: MetagraphSource,
  options: NeuronRuleOptions,
  objectionTo: (neuron: Neuron) => Objection,
): Required<AccessRule> {
  if (typeof source?.neuron !== 'function') {
    throw new LevinError(
      'CONFIG',
      `${name}: the source is missing; give it one, as in metagraphFile('metagraph.json')`,
    )
  }
  checkKeys(name, options, ['maxAgeMs'])
  const maxAgeMs = milliseconds(name, 'maxAgeMs', options.maxAgeMs ?? DEFAULT_MAX_AGE_MS)
  return {
    name: `${name}()`,
    objection({ hotkey }) {
      const age = source.ageMs()
      if (age === undefined) return 'the metagraph is not known yet'
      if (!(age <= maxAgeMs)) {
        return `the metagraph is ${Math.ceil(age / 1000)} s old, and not trusted after ${maxAgeMs / 1000} s`
      }
      const neuron = source.neuron(hotkey)
      return neuron === undefined ? 'not registered' : objectionTo(neuron)
    },
    onChange: (look) => source.onChange(look),
    start: () => source.start(),
    stop: () => source.stop(),
    ageMs: () => source.ageMs(),
  }
}
