/** The encoder of the fake node against bytes of a real runtime. */
import { expect, test } from 'vitest'
import { encodeNeuronsLite, encodeSubnetState } from '../../../src/testing/chain/runtime-answers.js'
import { NETUID, recordedBytes, recordedNeurons } from './recorded.js'

test('get_neurons_lite of 256 neurons is what a real runtime answered, byte for byte', () => {
  const encoded = encodeNeuronsLite(NETUID, recordedNeurons())
  expect(Buffer.compare(encoded, recordedBytes('get_neurons_lite.256.scale'))).toBe(0)
})

test('get_subnet_state of 256 neurons is what a real runtime answered, byte for byte', () => {
  const encoded = encodeSubnetState(NETUID, recordedNeurons(), 2)
  expect(Buffer.compare(encoded, recordedBytes('get_subnet_state.256.scale'))).toBe(0)
})
