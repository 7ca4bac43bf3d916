/**
 * The chain.
 * @module levin/subtensor
 */
export type { NeuronChange, SubtensorEvents } from './changes.js'
export type { Network } from './networks.js'
export type { ChainOptions, WhichChain } from './options.js'
export {
  type AxonPublication,
  type PublishAxonOptions,
  type PublishOutcome,
  publishAxon,
} from './publish-axon.js'
export type { ChainNeuron } from './snapshot.js'
export { type Subtensor, type SubtensorOptions, subtensor } from './source.js'
