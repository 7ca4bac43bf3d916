/** The fake node as a client meets it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeNode, fakeNode } from '../../../src/testing/index.js'
import { type Client, connect } from './ask.js'
import { NETUID, recordedBytes, recordedNeurons } from './recorded.js'

const NEURONS_LITE = 'NeuronInfoRuntimeApi_get_neurons_lite'
const SUBNET_STATE = 'SubnetInfoRuntimeApi_get_subnet_state'
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`

let node: FakeNode
let client: Client

beforeEach(async () => {
  node = await fakeNode({ subnets: { [NETUID]: recordedNeurons() } })
  client = await connect(node.endpoint)
})

afterEach(async () => {
  client.close()
  await node.close()
})

test('a sync of three requests gets the bytes of a real runtime', async () => {
  const { result: head } = await client.ask('chain_getFinalizedHead')
  expect(head).toBe(node.block.hash)
  const lite = await client.ask('state_call', NEURONS_LITE, '0x0100', head)
  const state = await client.ask('state_call', SUBNET_STATE, '0x0100', head)
  expect(lite.result === hex(recordedBytes('get_neurons_lite.256.scale'))).toBe(true)
  expect(state.result === hex(recordedBytes('get_subnet_state.256.scale'))).toBe(true)
  expect(Object.fromEntries(node.requests)).toEqual({ chain_getFinalizedHead: 1, state_call: 2 })
})

describe('a subnet that does not exist', () => {
  test.each([NEURONS_LITE, SUBNET_STATE])('%s answers one zero', async (call) => {
    expect(await client.ask('state_call', call, '0x0200', node.block.hash)).toMatchObject({ result: '0x00' })
  })
})
