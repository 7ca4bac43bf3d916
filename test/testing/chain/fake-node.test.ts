/** The fake node as a client meets it. */
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { blake2AsU8a } from '@polkadot/util-crypto/blake2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeNeuron, type FakeNode, fakeAxon, fakeNeuron, fakeNode } from '../../../src/testing/index.js'
import { minerSigner } from '../../support/hotkeys.js'
import { type Answer, type Client, connect } from './ask.js'
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

describe('what a test changes', () => {
  const lite = async (hash = node.block.hash): Promise<unknown> =>
    (await client.ask('state_call', NEURONS_LITE, '0x0100', hash)).result

  test('is read from the next block on, and not in the blocks before', async () => {
    const { hash } = node.block
    const before = await lite()
    node.subnets.get(NETUID)![0]!.stake = 1n
    expect(await lite()).toBe(before)
    node.advance()
    expect(await lite()).not.toBe(before)
    expect(await lite(hash)).toBe(before)
  })

  test('may be a whole subnet', async () => {
    node.subnets.set(7, [fakeNeuron({ hotkey: minerSigner.hotkey })])
    node.subnets.delete(NETUID)
    node.advance()
    expect(await lite()).toBe('0x00')
    const { result } = await client.ask('state_call', NEURONS_LITE, '0x0700', node.block.hash)
    expect(result).toMatch(/^0x04/)
  })

  test.each<[string, Partial<FakeNeuron>, RegExp]>([
    ['a hotkey that is none', { hotkey: 'me' }, /"me" is not a hotkey/],
    ['an address that is none', { axon: fakeAxon({ ip: 'here', port: 1 }) }, /"here" is no IP address/],
    ['a negative stake', { totalStake: -1n }, /-1 is no integer/],
    ['more than fits', { axon: fakeAxon({ ip: '8.8.8.8', port: 65_536 }) }, /65536 is no/],
    ['a fraction', { rank: 0.5 }, /0.5 is no integer/],
    ['more than a u16', { trust: 65_536 }, /65536 is no integer of 2/],
    ['more than a u64', { stake: 2n ** 64n }, /18446744073709551616 is/],
  ])('and cannot be encoded, %s, is said at the next block', (_, wrong, message) => {
    const { number } = node.block
    Object.assign(node.subnets.get(NETUID)![3]!, wrong)
    expect(() => node.advance()).toThrow(message)
    expect(() => node.advance()).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    expect(() => node.advance()).toThrow(/subnet 1, uid 3/)
    expect(node.block.number).toBe(number)
  })
})

describe('blocks', () => {
  test('have the hashes of their headers, each upon the one before', async () => {
    const first = node.block
    node.advance(2)
    const { result } = await client.ask('chain_getHeader', node.block.hash)
    const header = result as Record<'parentHash' | 'number' | 'stateRoot' | 'extrinsicsRoot', string>
    const bytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex')
    const number = Buffer.of(Number(header.number) * 4)
    const roots = [bytes(header.stateRoot), bytes(header.extrinsicsRoot)]
    const encoded = Buffer.concat([bytes(header.parentHash), number, ...roots, Buffer.of(0)])
    expect(hex(blake2AsU8a(encoded, 256))).toBe(node.block.hash)
    expect(await client.ask('chain_getHeader', header.parentHash)).toMatchObject({
      result: { parentHash: first.hash },
    })
  })

  test('are found by number, as every client writes it', async () => {
    const { number, hash } = node.block
    for (const asked of [number, `0x${number.toString(16)}`, null, undefined]) {
      expect(await client.ask('chain_getBlockHash', asked)).toMatchObject({ result: hash })
    }
    expect(await client.ask('chain_getBlockHash', 0)).toMatchObject({ result: node.genesis })
    expect(await client.ask('chain_getBlockHash', number + 1)).toMatchObject({ result: null })
  })

  test('lose their state 32 blocks later', async () => {
    const { hash } = node.block
    const read = (): Promise<Answer> => client.ask('state_call', NEURONS_LITE, '0x0100', hash)
    node.advance(31)
    expect(await read()).toHaveProperty('result')
    node.advance()
    expect(await read()).toMatchObject({ error: { code: 4003, message: expect.stringMatching(/discarded/) } })
  })

  test('are told to who subscribed, until it has enough', async () => {
    const { result: subscription } = await client.ask('chain_subscribeNewHeads')
    const number = async (): Promise<unknown> => {
      const { params } = JSON.parse(await client.next()) as {
        params: { subscription: string; result: { number: string } }
      }
      expect(params.subscription).toBe(subscription)
      return Number(params.result.number)
    }
    expect(await number()).toBe(1)
    node.advance(2)
    expect(await number()).toBe(2)
    expect(await number()).toBe(3)
    expect(await client.ask('chain_unsubscribeNewHeads', subscription)).toMatchObject({ result: true })
    node.advance()
    // The next message is an answer: nothing was told in between.
    expect(await client.ask('chain_getFinalizedHead')).toMatchObject({ result: node.block.hash })
  })
})

describe('a network with a name', () => {
  const genesis = '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03'

  test('has its genesis and the block that is wanted', async () => {
    const finney = await fakeNode({ genesis, block: 5_000 })
    const other = await connect(finney.endpoint)
    expect(await other.ask('chain_getBlockHash', 0)).toMatchObject({ result: genesis })
    expect(await other.ask('chain_getHeader', null)).toMatchObject({ result: { number: '0x1388' } })
    expect(await other.ask('chain_getHeader', genesis)).toMatchObject({ result: { number: '0x0' } })
    other.close()
    await finney.close()
  })
})

test.each(['finney', '0x12', `0x${'AB'.repeat(32)}`])('a genesis of %j is an error', async (genesis) => {
  await expect(fakeNode({ genesis })).rejects.toMatchObject({ code: 'CONFIG' })
})

describe('what a node refuses', () => {
  test('unknown methods, functions and blocks', async () => {
    const strange = `0x${'77'.repeat(32)}`
    expect(await client.ask('archive_v1_call')).toMatchObject({ error: { code: -32601 } })
    expect(await client.ask('toString')).toMatchObject({ error: { code: -32601 } })
    expect(await client.ask('state_call', 'toString', '0x', null)).toMatchObject({ error: { code: 4003 } })
    expect(await client.ask('state_call', NEURONS_LITE, '0x0100', strange)).toMatchObject({
      error: { code: 4003 },
    })
    expect(await client.ask('chain_getHeader', strange)).toMatchObject({ result: null })
  })

  test('arguments that are too short, or no hex', async () => {
    expect(await client.ask('state_call', NEURONS_LITE, '0x01', null)).toMatchObject({
      error: { code: 4003 },
    })
    expect(await client.ask('state_call', NEURONS_LITE, 'x', null)).toMatchObject({ error: { code: -32602 } })
  })

  test.each(['{', 'null', '[]', '42', '{"params":{}}'])('%s as a request', async (text) => {
    client.socket.send(text)
    expect(JSON.parse(await client.next())).toMatchObject({ error: { code: expect.any(Number) } })
    expect(await client.ask('chain_getFinalizedHead')).toHaveProperty('result')
  })
})

describe('closing', () => {
  test('ends every connection and frees the port', async () => {
    const ended = once(client.socket, 'close')
    await node.close()
    await ended
    const { port } = new URL(node.endpoint)
    const next = await fakeNode({ port: Number(port) })
    expect(next.endpoint).toBe(node.endpoint)
    await next.close()
  })

  test('does not wait for who connected and said nothing', async () => {
    const silent = createConnection(Number(new URL(node.endpoint).port), '127.0.0.1')
    await once(silent, 'connect')
    const ended = once(silent, 'close')
    silent.on('error', () => {})
    await node.close()
    await ended
  })

  test('may be done twice', async () => {
    await node.close()
    await node.close()
  })

  test('a port that is taken is an error', async () => {
    const port = Number(new URL(node.endpoint).port)
    await expect(fakeNode({ port })).rejects.toThrow(/EADDRINUSE/)
  })
})
