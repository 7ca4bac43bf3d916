import type { MetagraphSource } from '../../metagraph/source.js'
import { type NeuronRuleOptions, neuronRule } from './neuron-rule.js'
import type { AccessRule } from './rule.js'

/**
 * Admits who holds a validator permit, as the source knows it.
 * @throws LevinError CONFIG without a source, and for an option that is unknown or out of range
 */
export function validatorPermit(source: MetagraphSource, options: NeuronRuleOptions = {}): AccessRule {
  return neuronRule('validatorPermit', source, options, ({ uid, validatorPermit }) =>
    validatorPermit === true ? undefined : `uid ${uid} has no validator permit`,
  )
}
