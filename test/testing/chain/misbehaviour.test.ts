/** The fake node, broken on purpose. */
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MISBEHAVIOURS } from '../../../src/testing/chain/misbehaviour.js'
import { type FakeNode, fakeNeuron, fakeNode } from '../../../src/testing/index.js'
import { minerSigner, validatorSigner } from '../../support/hotkeys.js'
import { type Client, connect } from './ask.js'

const NEURONS_LITE = 'NeuronInfoRuntimeApi_get_neurons_lite'
const SUBNET_STATE = 'SubnetInfoRuntimeApi_get_subnet_state'

let node: FakeNode
let client: Client

beforeEach(async () => {
  node = await fakeNode({ subnets: { 1: [fakeNeuron({ hotkey: minerSigner.hotkey })] } })
  client = await connect(node.endpoint)
})

afterEach(async () => {
  client.close()
  await node.close()
})

const ask = (socket: Client['socket'], method: string): void =>
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] }))

const answer = async (call: string, hash = node.block.hash): Promise<string> =>
  String((await client.ask('state_call', call, '0x0100', hash)).result)

async function raw(method = 'chain_getFinalizedHead'): Promise<string> {
  ask(client.socket, method)
  return client.next()
}

/** Resolves once all that the node had to say before has been said. */
async function pong(): Promise<void> {
  client.socket.ping()
  await once(client.socket, 'pong')
}

test.each(MISBEHAVIOURS)('after %s it is whole again', async (kind) => {
  node.misbehave(kind)
  if (kind === 'drop') await once(client.socket, 'close')
  node.misbehave()
  if (kind === 'drop') client = await connect(node.endpoint)
  expect(await client.ask('chain_getFinalizedHead')).toMatchObject({ result: node.block.hash })
})

test('stall: pings are answered and requests are not', async () => {
  node.misbehave('stall')
  let heard = 0
  client.socket.on('message', () => heard++)
  ask(client.socket, 'chain_getFinalizedHead')
  await pong()
  expect(heard).toBe(0)
  expect(node.requests.get('chain_getFinalizedHead')).toBe(1)
})

test('drop: the connection ends, and each new one with its first request', async () => {
  node.misbehave('drop')
  await once(client.socket, 'close')
  const second = await connect(node.endpoint)
  ask(second.socket, 'chain_getFinalizedHead')
  await once(second.socket, 'close')
  expect(node.connections).toBe(2)
  expect(node.requests.get('chain_getFinalizedHead')).toBe(1)
})

test('half-open: not even a ping is answered until it is mended, then all are', async () => {
  node.misbehave('half-open')
  const late = await connect(node.endpoint)
  let pongs = 0
  client.socket.on('pong', () => pongs++)
  client.socket.ping()
  late.socket.ping()
  // A sound connection's answer, asked for later: the ones before it would be here by now.
  const other = await fakeNode()
  const sound = await connect(other.endpoint)
  await sound.ask('chain_getFinalizedHead')
  expect(pongs).toBe(0)
  const mended = Promise.all([once(client.socket, 'pong'), once(late.socket, 'pong')])
  node.misbehave()
  await mended
  for (const each of [late, sound]) each.close()
  await other.close()
})

test('not-json: no answer can be parsed', async () => {
  node.misbehave('not-json')
  for (let turn = 0; turn < 4; turn++) {
    const text = await raw()
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
  }
})

test('null: the message is null', async () => {
  node.misbehave('null')
  expect(await raw()).toBe('null')
})

test('wrong-shapes: JSON, each time another', async () => {
  node.misbehave('wrong-shapes')
  const texts = new Set<string>()
  for (let turn = 0; turn < 10; turn++) texts.add(await raw())
  expect(texts.size).toBe(10)
  for (const text of texts) expect(() => JSON.parse(text)).not.toThrow()
})

test('huge: 20 MiB', async () => {
  node.misbehave('huge')
  const text = await raw()
  expect(text.length).toBeGreaterThanOrEqual(20 * 2 ** 20)
  expect(JSON.parse(text)).toMatchObject({ id: 1, result: expect.stringMatching(/^0x00/) })
})

test('wrong-genesis: another genesis and the same blocks', async () => {
  node.misbehave('wrong-genesis')
  expect((await client.ask('chain_getBlockHash', 0)).result).not.toBe(node.genesis)
  expect((await client.ask('chain_getBlockHash', 1)).result).toBe(node.block.hash)
})

test('mixed-blocks: one answer is of before the last change', async () => {
  const [neuronsBefore, stateBefore] = [await answer(NEURONS_LITE), await answer(SUBNET_STATE)]
  node.subnets.get(1)![0]!.hotkey = validatorSigner.hotkey
  node.advance(3)
  node.misbehave('mixed-blocks')
  expect(await answer(NEURONS_LITE)).toBe(neuronsBefore)
  expect(await answer(SUBNET_STATE)).not.toBe(stateBefore)
  node.misbehave()
  expect(await answer(NEURONS_LITE)).not.toBe(neuronsBefore)
})

test('unknown-hashes: the node does not know the head that it names', async () => {
  node.misbehave('unknown-hashes')
  const head = (await client.ask('chain_getFinalizedHead')).result as string
  expect(head).toMatch(/^0x[0-9a-f]{64}$/)
  expect(await client.ask('chain_getHeader', head)).toMatchObject({ result: null })
  expect(await client.ask('state_call', NEURONS_LITE, '0x0100', head)).toMatchObject({
    error: { code: 4003 },
  })
  expect((await client.ask('chain_getBlockHash', 1)).result).not.toBe(node.block.hash)
  expect((await client.ask('chain_getBlockHash', 0)).result).toBe(node.genesis)
})

test('too-many-bytes and too-few-bytes: one', async () => {
  const whole = await answer(NEURONS_LITE)
  node.misbehave('too-many-bytes')
  expect(await answer(NEURONS_LITE)).toBe(`${whole}00`)
  node.misbehave('too-few-bytes')
  expect(await answer(NEURONS_LITE)).toBe(whole.slice(0, -2))
})

describe('only in answers to one method', () => {
  test('null', async () => {
    node.misbehave('null', 'state_call')
    expect(await client.ask('chain_getFinalizedHead')).toMatchObject({ result: node.block.hash })
    expect(await raw('state_call')).toBe('null')
  })

  test('drop leaves who does not ask for it', async () => {
    node.misbehave('drop', 'state_call')
    await pong()
    ask(client.socket, 'state_call')
    await once(client.socket, 'close')
  })
})
