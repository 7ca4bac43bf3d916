/** What is read at a block, made from the neurons as they are. */
import { Buffer } from 'node:buffer'
import { rootOf, type State, type SubnetAnswers } from './blocks.js'
import type { FakeNeuron } from './neurons.js'
import { encodeNeuronsLite, encodeSubnetState } from './runtime-answers.js'

/**
 * @param before is given back when nothing changed, so that blocks share it
 * @throws LevinError `CONFIG` for a neuron that cannot be encoded
 */
export function stateOf(subnets: ReadonlyMap<number, readonly FakeNeuron[]>, before?: State): State {
  const answers = new Map<number, SubnetAnswers>()
  for (const [netuid, neurons] of subnets) {
    answers.set(netuid, {
      neuronsLite: encodeNeuronsLite(netuid, neurons),
      // The root network is one more.
      subnetState: encodeSubnetState(netuid, neurons, subnets.size + 1),
      neurons: neurons.length,
    })
  }
  if (before !== undefined && areSame(before.subnets, answers)) return before
  const parts = [...answers.values()].flatMap(({ neuronsLite, subnetState }) => [neuronsLite, subnetState])
  return { subnets: answers, root: rootOf(parts) }
}

type Answers = ReadonlyMap<number, SubnetAnswers>

function areSame(before: Answers, now: Answers): boolean {
  if (before.size !== now.size) return false
  for (const [netuid, { neuronsLite, subnetState }] of now) {
    const old = before.get(netuid)
    if (old === undefined || Buffer.compare(old.neuronsLite, neuronsLite) !== 0) return false
    if (Buffer.compare(old.subnetState, subnetState) !== 0) return false
  }
  return true
}
