/** What is read at a block, made from the neurons as they are. */
import { Buffer } from 'node:buffer'
import { LevinError } from '../../errors.js'
import { rootOf, type State, type SubnetAnswers } from './blocks.js'
import type { FakeNeuron } from './neurons.js'
import { encodeNeuronsLite, encodeSubnetState } from './runtime-answers.js'

/**
 * @param before is given back when nothing changed, so that blocks share it
 * @throws LevinError `CONFIG` for a neuron that cannot be encoded
 */
export function stateOf(subnets: ReadonlyMap<number, readonly FakeNeuron[]>, before?: State): State {
  const answers = new Map<number, SubnetAnswers>()
  for (const [netuid, neurons] of subnets) answers.set(netuid, answersOf(netuid, neurons, subnets.size + 1))
  if (before !== undefined && areSame(before.subnets, answers)) return before
  const parts = [...answers.values()].flatMap(({ neuronsLite, subnetState }) => [neuronsLite, subnetState])
  return { subnets: answers, root: rootOf(parts) }
}

function answersOf(netuid: number, neurons: readonly FakeNeuron[], subnets: number): SubnetAnswers {
  try {
    const neuronsLite = encodeNeuronsLite(netuid, neurons)
    return { neuronsLite, subnetState: encodeSubnetState(netuid, neurons, subnets), neurons: neurons.length }
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new LevinError(
      'CONFIG',
      `a neuron of subnet ${netuid} in the fake node cannot be encoded: ${what}`,
      {
        cause,
      },
    )
  }
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
