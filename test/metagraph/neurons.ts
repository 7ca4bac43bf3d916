import type { Neuron } from '../../src/metagraph/source.js'
import { signerOf } from '../support/hotkeys.js'

/** The neuron of one of the suite's keys: uid 7, 100 TAO and no permit unless it is said. */
export const neuronOf = (byte: number, given: Partial<Neuron> = {}): Neuron => ({
  hotkey: signerOf(byte).hotkey,
  uid: 7,
  stake: 100,
  validatorPermit: false,
  ...given,
})
