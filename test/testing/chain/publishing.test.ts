/** Publishing on the fake node: transactions made by hand, and what a runtime says to each. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeHotkey } from '../../../src/auth/ss58.js'
import { ipToNumber } from '../../../src/testing/chain/ip.js'
import { ScaleWriter } from '../../../src/testing/chain/scale.js'
import { type FakeNode, fakeAxon, fakeNeuron, fakeNode } from '../../../src/testing/index.js'
import { minerSigner as signer, validatorSigner as stranger } from '../../support/hotkeys.js'
import { type Answer, type Client, connect } from './ask.js'

const NETUID = 2
const VALIDATE = 'TaggedTransactionQueue_validate_transaction'

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`
const bytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex')

interface Parts {
  ip: string | { ip: bigint; type: number }
  port: number
  netuid: number
  nonce: number
  signer: typeof signer
  /** The hotkey in the transaction, where another signs. */
  hotkey: string
  specVersion: number
  genesis: string
  era: Uint8Array
  eraHash: string
}

let node: FakeNode
let client: Client

beforeEach(async () => {
  node = await fakeNode({ subnets: { [NETUID]: [fakeNeuron({ hotkey: signer.hotkey })] }, block: 100 })
  client = await connect(node.endpoint)
})

afterEach(async () => {
  client.close()
  await node.close()
})

const neuron = () => node.subnets.get(NETUID)![0]!

async function transaction(given: Partial<Parts> = {}): Promise<string> {
  const parts: Parts = {
    ip: '8.8.8.8',
    port: 8091,
    netuid: NETUID,
    nonce: 0,
    signer,
    hotkey: (given.signer ?? signer).hotkey,
    specVersion: 461,
    genesis: node.genesis,
    era: Uint8Array.of(0),
    eraHash: node.genesis,
    ...given,
  }
  const { ip, type } = typeof parts.ip === 'string' ? ipToNumber(parts.ip) : parts.ip
  const call = new ScaleWriter().raw(Uint8Array.of(7, 4)).uint(parts.netuid, 2).uint(9, 4).uint(ip, 16)
  const body = call.uint(parts.port, 2).uint(type, 1).uint(4, 1).uint(0, 1).uint(0, 1).done()
  const extra = new ScaleWriter().raw(parts.era).compact(parts.nonce).compact(0).uint(0, 1).done()
  const beside = new ScaleWriter().uint(parts.specVersion, 4).uint(1, 4)
  const signed = Buffer.concat([
    body,
    extra,
    beside.raw(bytes(parts.genesis)).raw(bytes(parts.eraHash)).uint(0, 1).done(),
  ])
  const signature = await parts.signer.sign(signed)
  const whole = new ScaleWriter().raw(Uint8Array.of(0x84, 0)).raw(decodeHotkey(parts.hotkey)).uint(1, 1)
  return hex(new ScaleWriter().bytes(whole.raw(signature).raw(extra).raw(body).done()).done())
}

const submit = (text: string): Promise<Answer> => client.ask('author_submitExtrinsic', text)

async function dryRun(text: string): Promise<unknown> {
  const { hash } = node.block
  return (await client.ask('state_call', VALIDATE, `0x02${text.slice(2)}${hash.slice(2)}`, hash)).result
}

test('a good one is the axon of its neuron from the next block on', async () => {
  const text = await transaction()
  expect(await dryRun(text)).toMatch(/^0x00/)
  expect((await submit(text)).result).toMatch(/^0x[0-9a-f]{64}$/)
  expect(neuron().axon).toBeUndefined()
  node.advance()
  expect(neuron().axon).toEqual(fakeAxon({ block: 101, ip: '8.8.8.8', port: 8091, version: 9 }))
  const block = await client.ask('chain_getBlock', node.block.hash)
  expect(block.result).toMatchObject({ block: { extrinsics: [text] } })
  expect(await client.ask('system_accountNextIndex', signer.hotkey)).toMatchObject({ result: 1 })
})

const custom = (number: number) => ({
  error: { code: 1010, message: 'Invalid Transaction', data: `Custom error: ${number}` },
})
const V4 = 0x7f00_0001n

describe.each([
  ['a hotkey that is not registered', 10, { signer: stranger }],
  ['a subnet where it is not registered', 10, { netuid: 3 }],
  ['127.0.0.1', 11, { ip: '127.0.0.1' }],
  ['255.255.255.255', 11, { ip: '255.255.255.255' }],
  ['more than 32 bits for IPv4', 11, { ip: { ip: 2n ** 32n + V4, type: 4 } }],
  ['::1', 11, { ip: '::1' }],
  ['the last IPv6 address', 11, { ip: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' }],
  ['port 0', 13, { port: 0 }],
  ['an IP of neither version', 255, { ip: { ip: 1n, type: 5 } }],
] as const)('%s', (_, number, parts) => {
  test(`is Custom(${number})`, async () => {
    const text = await transaction(parts)
    expect(await dryRun(text)).toBe(hex(Uint8Array.of(1, 0, 7, number)))
    expect(await submit(text)).toMatchObject(custom(number))
    node.advance()
    expect(neuron().axon).toBeUndefined()
  })
})

test.each(['0.0.0.0', '::', '10.0.0.1', '8.8.8.8', '2001:db8::1'])('%s is taken', async (ip) => {
  expect(await dryRun(await transaction({ ip }))).toMatch(/^0x00/)
})

describe('the rate limit', () => {
  test('is 50 blocks from the one that the axon is in', async () => {
    await submit(await transaction())
    node.advance()
    const again = await transaction({ nonce: 1, port: 1 })
    node.advance(48)
    expect(await submit(again)).toMatchObject(custom(12))
    node.advance()
    expect((await submit(again)).result).toBeDefined()
    node.advance()
    expect(neuron().axon).toMatchObject({ block: 151, port: 1 })
  })

  test('holds for two that wait for the same block', async () => {
    await submit(await transaction({ port: 1 }))
    await submit(await transaction({ port: 2, nonce: 1 }))
    node.advance()
    expect(neuron().axon).toMatchObject({ port: 1 })
    expect(await client.ask('system_accountNextIndex', signer.hotkey)).toMatchObject({ result: 1 })
  })
})

describe('a bad signature', () => {
  test.each<[string, () => Partial<Parts>]>([
    ['by another hotkey', () => ({ signer: stranger, hotkey: signer.hotkey })],
    ['for another runtime', () => ({ specVersion: 460 })],
    ['for another chain', () => ({ genesis: `0x${'11'.repeat(32)}` })],
    ['for another block', () => ({ eraHash: `0x${'11'.repeat(32)}` })],
  ])('%s', async (_, parts) => {
    const text = await transaction(parts())
    expect(await dryRun(text)).toBe('0x010004')
    const data = 'Transaction has a bad signature'
    expect(await submit(text)).toMatchObject({ error: { code: 1010, message: 'Invalid Transaction', data } })
  })
})

describe('the nonce', () => {
  test('of a transaction that is in a block already is stale', async () => {
    const text = await transaction()
    await submit(text)
    expect(await submit(text)).toMatchObject({ error: { code: 1013 } })
    node.advance()
    expect(await dryRun(text)).toBe('0x010003')
    expect(await submit(text)).toMatchObject({ error: { code: 1010, data: 'Transaction is outdated' } })
  })

  test('ahead of the account waits for those before it', async () => {
    neuron().hotkey = stranger.hotkey
    const second = await transaction({ signer: stranger, nonce: 1, port: 2 })
    expect(await submit(second)).toMatchObject({ result: expect.any(String) })
    node.advance()
    expect(neuron().axon).toBeUndefined()
    expect(await client.ask('system_accountNextIndex', stranger.hotkey)).toMatchObject({ result: 0 })
    await submit(await transaction({ signer: stranger, nonce: 0, netuid: NETUID, port: 1 }))
    expect(await client.ask('system_accountNextIndex', stranger.hotkey)).toMatchObject({ result: 2 })
  })

  test('is told by the runtime as well', async () => {
    await submit(await transaction())
    node.advance()
    const account = hex(decodeHotkey(signer.hotkey))
    const { result } = await client.ask(
      'state_call',
      'AccountNonceApi_account_nonce',
      account,
      node.block.hash,
    )
    expect(result).toBe('0x01000000')
  })
})

describe('an era of 64 blocks', () => {
  // 64 blocks from number 100 on: log2(64) - 1, and 100 modulo 64 above it.
  const era = Uint8Array.of(0x45, 0x02)

  test('holds within it', async () => {
    const text = await transaction({ era, eraHash: node.block.hash })
    expect(await dryRun(text)).toMatch(/^0x00/)
    node.advance(62)
    expect(await dryRun(text)).toMatch(/^0x00/)
  })

  test('and not behind it', async () => {
    const text = await transaction({ era, eraHash: node.block.hash })
    node.advance(63)
    // Its block would be the first of the next era, which has no hash yet; then it has another one.
    expect(await dryRun(text)).toBe('0x010005')
    node.advance()
    expect(await dryRun(text)).toBe('0x010004')
  })
})

describe('what is no transaction', () => {
  test.each(['0x', '0x00', '0x1234', 'serve_axon', 42, null])('%j is a format error', async (text) => {
    expect(await client.ask('author_submitExtrinsic', text)).toMatchObject({ error: { code: 1001 } })
  })

  test('fails the dry run', async () => {
    const { hash } = node.block
    const answer = await client.ask('state_call', VALIDATE, `0x0200${hash.slice(2)}`, hash)
    expect(answer).toMatchObject({ error: { code: 4003 } })
  })
})

test('who watches hears of each step', async () => {
  const subscribed = await client.ask('author_submitAndWatchExtrinsic', await transaction())
  const status = async (): Promise<unknown> => {
    const { params } = JSON.parse(await client.next()) as {
      params: { subscription: string; result: unknown }
    }
    expect(params.subscription).toBe(subscribed.result)
    return params.result
  }
  expect(await status()).toBe('ready')
  node.advance()
  expect(await status()).toEqual({ inBlock: node.block.hash })
  expect(await status()).toEqual({ finalized: node.block.hash })
})

test('a hotkey that was swapped before the block is refused then', async () => {
  const subscribed = await client.ask('author_submitAndWatchExtrinsic', await transaction())
  expect(subscribed.result).toBeDefined()
  await client.next()
  neuron().hotkey = stranger.hotkey
  node.advance()
  expect(JSON.parse(await client.next())).toMatchObject({ params: { result: 'invalid' } })
  expect(neuron().axon).toBeUndefined()
})
