/** An axon, put on the chain of a fake node, which checks signature, nonce, era and the limit of one in 50 blocks. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { callbackSigner } from '../../src/auth/signer.js'
import { type AxonPublication, type PublishAxonOptions, publishAxon } from '../../src/subtensor/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import type { FakeNode } from '../../src/testing/index.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { NETUID, neuronOf, neurons, requestsTo, startNode } from './subnet.js'

const RATE_LIMIT_MS = 600_000
const signer = signerOf(10)

async function world(options: Partial<PublishAxonOptions> = {}) {
  const node = await startNode({ block: 100 })
  neurons(node)[0]!.axon = undefined
  node.advance()
  const [clock, logger] = [new FakeClock(), new RecordingLogger()]
  const publish = (more: Partial<PublishAxonOptions> = {}): AxonPublication =>
    publishAxon({
      endpoints: [node.endpoint],
      netuid: NETUID,
      requestGapMs: 0,
      signer,
      host: '9.9.9.9',
      port: 8091,
      clock,
      logger,
      ...options,
      ...more,
    } as PublishAxonOptions)
  const warnings = () => logger.at('warn').map(({ message }) => message)
  const sent = () => logger.at('info').filter(({ message }) => message.startsWith('sent')).length
  return { node, clock, logger, publish, warnings, sent }
}

const submitted = ({ requests }: FakeNode): number => requests.get('author_submitExtrinsic') ?? 0

test('is sent once, and is there', async () => {
  const { node, clock, publish, sent } = await world()
  const { outcome } = publish()
  await until(() => submitted(node) === 1)
  node.advance(5)
  await until(() => sent() === 1)
  clock.advance(60_000)
  const { state, extrinsic } = await outcome
  expect(state).toBe('published')
  expect(extrinsic).toMatch(/^0x[0-9a-f]{4}8400/)
  expect(neurons(node)[0]!.axon).toMatchObject({ ip: '9.9.9.9', port: 8091, protocol: 4, version: 1 })
  expect([submitted(node), clock.pending]).toEqual([1, 0])
})

test('is not sent when the chain has it already', async () => {
  const { node, publish } = await world()
  neurons(node)[0]!.axon = neuronOf(10).axon
  node.advance()
  const axon = { host: '8.8.8.10', port: 8010, version: neuronOf(10).axon!.version }
  expect((await publish(axon).outcome).state).toBe('unchanged')
  expect(node.requests.get('author_submitExtrinsic')).toBeUndefined()
  expect(requestsTo(node)).toBe(2)
})

test('an IPv6 address, protocol and version are published as they are given', async () => {
  const { node, publish } = await world({ host: '2001:db8::17', protocol: 7, version: 9 })
  const published = publish()
  await until(() => submitted(node) === 1)
  node.advance()
  expect(neurons(node)[0]!.axon).toMatchObject({ ip: '2001:db8::17', protocol: 7, version: 9 })
  published.stop()
  expect((await published.outcome).state).toBe('stopped')
})

test('a dry run says what it would send, and sends nothing', async () => {
  const { node, logger, publish } = await world({ dryRun: true })
  const { state, extrinsic } = await publish().outcome
  expect(state).toBe('valid')
  expect(logger.at('info')).toEqual([
    {
      level: 'info',
      message: `would publish the axon 9.9.9.9 port 8091 on subnet ${NETUID}; nothing was sent`,
      fields: { call: expect.stringMatching(/^0x0704/), extrinsic },
    },
  ])
  expect(submitted(node)).toBe(0)
})

test('a second one within 50 blocks stays calm, and comes after them', async () => {
  const { node, clock, warnings, publish, sent } = await world()
  const first = publish()
  await until(() => sent() === 1)
  node.advance()
  first.stop()
  const second = publish({ port: 8092 })
  await until(() => warnings().length === 1)
  expect(warnings()[0]).toContain('50 blocks, about 10 minutes, later')
  node.advance(49)
  clock.advance(RATE_LIMIT_MS - 1)
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  expect(submitted(node)).toBe(1)
  clock.advance(1)
  await until(() => submitted(node) === 2)
  node.advance()
  await until(() => sent() === 2)
  clock.advance(60_000)
  expect((await second.outcome).state).toBe('published')
  expect(neurons(node)[0]!.axon?.port).toBe(8092)
})

test('a hotkey that is not registered is waited for', async () => {
  const { node, clock, warnings, publish, sent } = await world({ signer: signerOf(20) })
  const { outcome } = publish()
  await until(() => warnings().length === 1)
  expect(warnings()[0]).toContain(`is not registered on subnet ${NETUID}: register it there`)
  neurons(node).push(neuronOf(20, { axon: undefined }))
  node.advance()
  clock.advance(RATE_LIMIT_MS)
  await until(() => submitted(node) === 1)
  node.advance()
  await until(() => sent() === 1)
  clock.advance(60_000)
  expect((await outcome).state).toBe('published')
})

test('an address that the chain never takes is the end of it', async () => {
  const { node, clock, publish } = await world({ host: '127.0.0.1' })
  const { state, message } = await publish().outcome
  expect(state).toBe('refused')
  expect(message).toContain('does not take the address 127.0.0.1: give the one at which others reach')
  expect([submitted(node), clock.pending]).toEqual([0, 0])
})

const SENTENCES = [
  [
    10,
    `hotkey ${signer.hotkey} is not registered on subnet ${NETUID}: register it there, it is tried again until then`,
  ],
  [11, 'the chain does not take the address 9.9.9.9: give the one at which others reach this miner'],
  [
    12,
    `hotkey ${signer.hotkey} published an axon a moment ago: the chain takes the next one 50 blocks, about 10 minutes, later; it is tried again then`,
  ],
  [
    13,
    'the chain does not take port 8091: give the port that miner.listen() returned, or the one that leads to it',
  ],
  [255, 'the chain does not know what kind of address 9.9.9.9 is: give an IPv4 address, or an IPv6 one'],
] as const

describe.each([
  [undefined, 0],
  ['submitted', 1],
] as const)('a node that refuses (stage %s)', (stage, sentBefore) => {
  test.each(SENTENCES)('with %d says: %s', async (number, sentence) => {
    const { node, clock, warnings, publish, sent } = await world()
    node.refuse(number, stage)
    const { outcome } = publish()
    await until(() => warnings().length === 1)
    expect(warnings()).toEqual([`the axon is not published: ${sentence}`])
    expect(submitted(node)).toBe(sentBefore)
    if (number !== 10 && number !== 12) {
      expect(await outcome).toMatchObject({ state: 'refused', message: sentence })
      expect(clock.pending).toBe(0)
      return
    }
    node.refuse()
    clock.advance(RATE_LIMIT_MS)
    await until(() => sent() === 1)
    node.advance()
    clock.advance(60_000)
    expect((await outcome).state).toBe('published')
  })
})

test('a node that is gone when it is sent is told of, and no failure of the miner', async () => {
  const { node, warnings, publish } = await world()
  node.misbehave('drop', 'author_submitExtrinsic')
  const published = publish()
  await until(() => warnings().length === 1)
  expect(warnings()[0]).toContain('the node closed the connection')
  published.stop()
  await published.outcome
})

test('a chain that is away, and a signer that fails, are tried again', async () => {
  let fails = true
  const remote = callbackSigner(signer.hotkey, (message) => {
    if (fails) throw new Error('HSM is asleep')
    return signer.sign(message)
  })
  const { node, clock, warnings, publish, sent } = await world({ signer: remote })
  node.misbehave('not-json')
  const { outcome } = publish()
  await until(() => warnings().length === 1)
  expect(warnings()[0]).toContain('the node sent what is not JSON')
  node.misbehave()
  clock.advance(15_000)
  await until(() => warnings().length === 2)
  expect(warnings()[1]).toContain('the signer of')
  fails = false
  clock.advance(30_000)
  await until(() => submitted(node) === 1)
  node.advance()
  await until(() => sent() === 1)
  clock.advance(60_000)
  expect((await outcome).state).toBe('published')
})

test('a node that answers nonsense to any of it harms nobody', async () => {
  const methods = [
    'chain_getFinalizedHead',
    'state_call',
    'chain_getHeader',
    'state_getRuntimeVersion',
    'chain_getBlockHash',
    'system_accountNextIndex',
    'author_submitExtrinsic',
  ]
  for (const method of methods) {
    const { node, warnings, publish } = await world()
    node.misbehave('wrong-shapes', method)
    const published = publish()
    await until(() => warnings().length === 1 || submitted(node) === 1)
    published.stop()
    expect((await published.outcome).state, method).toBe('stopped')
  }
})

test.each([
  [{ signer: undefined }, 'signer is missing'],
  [{ host: 'miner.example' }, 'is no IP address'],
  [{ host: undefined }, 'is no IP address'],
  [{ port: 0 }, 'port is 0'],
  [{ port: 65_536 }, 'port is 65536'],
  [{ protocol: 256 }, 'protocol is 256'],
  [{ version: 2 ** 32 }, 'version is 4294967296'],
  [{ endpoint: 'ws://a.example' }, "no option 'endpoint'"],
])('%o is an error of ours', (given, message) => {
  const options = { network: 'local', netuid: 1, signer, host: '9.9.9.9', port: 1, ...given }
  expect(() => publishAxon(options as never)).toThrow(
    expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(message) }),
  )
})
