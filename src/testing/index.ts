/**
 * A miner and its validators in memory, and what stands in for the world around them.
 * @module levin/testing
 */
export { type FakeNode, type FakeNodeOptions, fakeNode } from './chain/fake-node.js'
export type { Misbehaviour } from './chain/misbehaviour.js'
export { type FakeAxon, type FakeNeuron, type FakePrometheus, fakeAxon, fakeNeuron } from './chain/neurons.js'
export { FakeClock } from './fake-clock.js'
export { testKey, type Who } from './keys.js'
export { type MemoryNetwork, memoryNetwork } from './memory/network.js'
export { type NeuronFields, type TestMetagraph, testMetagraph } from './metagraph.js'
export { type Override, override } from './overrides.js'
export { type LogLine, RecordingLogger } from './recording-logger.js'
export type { TestMiner } from './test-miner.js'
export {
  type AnyMiner,
  type BuildMiner,
  type GivenOptions,
  type TestMinerOptions,
  type TestSubnet,
  testMiner,
  testSubnet,
} from './test-subnet.js'
export type { TestValidator } from './test-validator.js'
export { turn } from './turn.js'
