/** Pure. The neurons of one block, out of the two answers that a sync reads of it. */
import { LevinError } from '../errors.js'
import type { Neuron, PublishedAxon } from '../metagraph/source.js'
import type { AccountNames } from './account-names.js'
import { hostOf } from './host.js'
import type { AxonInfo, NeuronLite } from './neurons-lite.js'
import type { SubnetState } from './subnet-state.js'

/** A neuron of which all is known. */
export interface ChainNeuron extends Required<Omit<Neuron, 'axon'>> {
  /** Undefined when it never published one, or one that is no IP address. */
  readonly axon?: Required<PublishedAxon>
}

/** Neurons by their hotkey, in the order of their uids. */
export type ChainNeurons = ReadonlyMap<string, ChainNeuron>

const RAO = 1e9

/**
 * @throws LevinError CONFIG for a subnet that does not exist; PROTOCOL for answers that are not about the same block, or
 *   not about this subnet
 */
export function neuronsOf(
  netuid: number,
  lite: readonly NeuronLite[],
  state: SubnetState | undefined,
  names: AccountNames,
): ChainNeurons {
  if (state === undefined && lite.length === 0) {
    throw new LevinError('CONFIG', `subnet ${netuid} does not exist on this chain`)
  }
  if (state === undefined || lite.length === 0 || lite.length !== state.hotkeys.length) throw mixed()
  if (state.netuid !== netuid) throw new LevinError('PROTOCOL', `the answer is about subnet ${state.netuid}`)
  const neurons = new Map<string, ChainNeuron>()
  for (const [uid, one] of lite.entries()) {
    if (one.uid !== uid || one.netuid !== netuid || !one.hotkey.equals(state.hotkeys[uid]!)) throw mixed()
    const neuron = neuronOf(one, state, names)
    neurons.set(neuron.hotkey, neuron)
  }
  if (neurons.size !== lite.length) throw new LevinError('PROTOCOL', 'a hotkey is there twice')
  names.forgetUnused()
  return neurons
}

function neuronOf(one: NeuronLite, state: SubnetState, names: AccountNames): ChainNeuron {
  const { uid, active, validatorPermit, lastUpdate } = one
  const stakeRao = state.totalStake[uid]!
  const alphaStakeRao = state.alphaStake[uid]!
  const taoStakeRao = state.taoStake[uid]!
  const axon = axonOf(one.axon)
  return {
    hotkey: names.of(one.hotkey),
    uid,
    stake: Number(stakeRao) / RAO,
    validatorPermit,
    alphaStake: Number(alphaStakeRao) / RAO,
    taoStake: Number(taoStakeRao) / RAO,
    stakeRao,
    alphaStakeRao,
    taoStakeRao,
    coldkey: names.of(one.coldkey),
    active,
    lastUpdate: Number(lastUpdate),
    registeredAt: Number(state.registeredAt[uid]!),
    ...(axon && { axon }),
  }
}

function axonOf(info: AxonInfo): Required<PublishedAxon> | undefined {
  const { block, version, ip, port, protocol } = info
  const host = ip === 0n && port === 0 ? undefined : hostOf(info)
  return host === undefined ? undefined : { host, port, protocol, version, block: Number(block) }
}

const mixed = (): LevinError =>
  new LevinError('PROTOCOL', 'its two answers about the neurons are not of the same block')
