/** Pure. What became of a subnet's neurons between two syncs. */
import { isDeepStrictEqual } from 'node:util'
import type { ChainNeuron, ChainNeurons } from './snapshot.js'

/** A neuron that is there before and after. */
export interface NeuronChange {
  /** As it is now. */
  readonly neuron: ChainNeuron
  readonly before: ChainNeuron
}

/**
 * A uid whose hotkey is another one now, by a swap of hotkeys or by a new registration in its place, is a neuron that
 * left and one that joined. Those who left are told first, so that whoever keeps a list by uid may take them as they come.
 */
export interface SubtensorEvents {
  readonly left: ChainNeuron
  readonly joined: ChainNeuron
  /** Published another axon, its first, or none any more. */
  readonly moved: NeuronChange
  /** `neuron.validatorPermit` says whether it gained one or lost it. */
  readonly permit: NeuronChange
  /** Any of its stakes is another one. */
  readonly stake: NeuronChange
}

export const EVENTS: readonly (keyof SubtensorEvents)[] = ['left', 'joined', 'moved', 'permit', 'stake']

type Tell = <K extends keyof SubtensorEvents>(kind: K, event: SubtensorEvents[K]) => void

export function tellChanges(before: ChainNeurons, now: ChainNeurons, tell: Tell): void {
  const stays = (one: ChainNeuron, others: ChainNeurons) => others.get(one.hotkey)?.uid === one.uid
  for (const neuron of before.values()) if (!stays(neuron, now)) tell('left', neuron)
  for (const neuron of now.values()) if (!stays(neuron, before)) tell('joined', neuron)
  for (const neuron of now.values()) {
    const old = before.get(neuron.hotkey)
    if (old === undefined || old.uid !== neuron.uid) continue
    const change = { neuron, before: old }
    if (!isSameAxon(neuron, old)) tell('moved', change)
    if (neuron.validatorPermit !== old.validatorPermit) tell('permit', change)
    if (!hasSameStakes(neuron, old)) tell('stake', change)
  }
}

/** Publishing the same again changes its block alone. */
const isSameAxon = ({ axon }: ChainNeuron, old: ChainNeuron): boolean =>
  isDeepStrictEqual(axon && { ...axon, block: 0 }, old.axon && { ...old.axon, block: 0 })

const hasSameStakes = (one: ChainNeuron, other: ChainNeuron): boolean =>
  one.stakeRao === other.stakeRao &&
  one.alphaStakeRao === other.alphaStakeRao &&
  one.taoStakeRao === other.taoStakeRao
