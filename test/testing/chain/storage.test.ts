/** Entries of storage, by keys that a node of the chain was asked for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FakeNode, fakeNeuron, fakeNode } from '../../../src/testing/index.js'
import { minerSigner } from '../../support/hotkeys.js'
import { type Client, connect } from './ask.js'

const SUBTENSOR = '658faa385070e074c85bf6b568cf0555'
const SYSTEM = '26aa394eea5630e07c48ae0c9558cef7'
const NETWORKS_ADDED = `0x${SUBTENSOR}0e30450fc4d507a846032a7fa65d9a43`
const NUMBER = `0x${SYSTEM}02a5c1b19ab7a04f536c519aca4983ac`
const EVENTS = `0x${SYSTEM}80d41e5e16056765bc8461851072c9d7`
const TEMPO = `0x${SUBTENSOR}7641384bb339f3758acddfd7053d3317`

let node: FakeNode
let client: Client

beforeAll(async () => {
  node = await fakeNode({ subnets: { 1: [fakeNeuron({ hotkey: minerSigner.hotkey })] }, block: 67 })
  client = await connect(node.endpoint)
})

afterAll(async () => {
  client.close()
  await node.close()
})

test.each([
  ['the number of the block', NUMBER, '0x43000000'],
  ['a subnet that exists', `${NETWORKS_ADDED}0100`, '0x01'],
  ['a subnet that does not', `${NETWORKS_ADDED}0f27`, null],
  ['events of a block without transactions', EVENTS, '0x00'],
  ['an entry that the fake node does not know', `${TEMPO}0100`, null],
])('%s', async (_, key, value) => {
  expect(await client.ask('state_getStorage', key, node.block.hash)).toEqual({
    jsonrpc: '2.0',
    id: 1,
    result: value,
  })
  expect(await client.ask('state_queryStorageAt', [key], node.block.hash)).toMatchObject({
    result: [{ block: node.block.hash, changes: [[key, value]] }],
  })
})
