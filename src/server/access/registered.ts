import type { MetagraphSource } from '../../metagraph/source.js'
import { type NeuronRuleOptions, neuronRule } from './neuron-rule.js'
import type { AccessRule } from './rule.js'

/**
 * Admits who is registered on the subnet, as the source knows it.
 * @throws LevinError CONFIG without a source, and for an option that is unknown or out of range
 */
export function registered(source: MetagraphSource, options: NeuronRuleOptions = {}): AccessRule {
  return neuronRule('registered', source, options, () => undefined)
}
