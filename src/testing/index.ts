/** `levin/testing`: what stands in for a chain in tests. Needs the package `ws`. */
export { type FakeNode, type FakeNodeOptions, fakeNode } from './chain/fake-node.js'
export type { Misbehaviour } from './chain/misbehaviour.js'
export { type FakeAxon, type FakeNeuron, type FakePrometheus, fakeAxon, fakeNeuron } from './chain/neurons.js'
