/** The chain as a metagraph, read from real sockets: what is there, what changes, and what a broken node can do. */
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { subtensor } from '../../src/subtensor/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { fakeAxon, type Misbehaviour } from '../../src/testing/index.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { NETUID, neuronOf, neurons, requestsTo, sourceOf, startNode, TAO } from './subnet.js'

const error = (code: string, text: string) =>
  expect.objectContaining({ name: 'LevinError', code, message: expect.stringContaining(text) })

const INTERVAL_MS = 600_000
const RETRY_MS = 15_000
const hotkeyOf = (byte: number) => signerOf(byte).hotkey

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5) // neither sooner nor later
})

afterEach(() => {
  vi.restoreAllMocks()
})

test('knows a subnet after its start: all of it', async () => {
  const axon = fakeAxon({ ip: '2001:db8::17', port: 8091, protocol: 4, version: 2 ** 32 - 1, block: 3 })
  const stakes = { stake: 1n, alphaStake: 50n * TAO, taoStake: 500n * TAO, totalStake: 140n * TAO + 5n }
  const given = { axon, validatorPermit: true, lastUpdate: 9n, registeredAt: 2n, ...stakes }
  const node = await startNode({ subnets: { [NETUID]: [neuronOf(10), neuronOf(11, given)] } })
  neurons(node)[0]!.axon = undefined
  neurons(node)[0]!.active = false
  node.advance()
  const source = sourceOf([node])
  expect([source.ageMs(), [...source.neurons()]]).toEqual([undefined, []])
  await source.start()
  expect(source.netuid).toBe(NETUID)
  expect(source.neuron(hotkeyOf(11))).toEqual({
    hotkey: hotkeyOf(11),
    coldkey: hotkeyOf(111),
    uid: 1,
    stake: 140.000000005,
    stakeRao: 140_000_000_005n,
    alphaStake: 50,
    alphaStakeRao: 50n * TAO,
    taoStake: 500,
    taoStakeRao: 500n * TAO,
    validatorPermit: true,
    active: true,
    lastUpdate: 9,
    registeredAt: 2,
    axon: { host: '2001:db8::17', port: 8091, protocol: 4, version: 2 ** 32 - 1, block: 3 },
  })
  expect(source.neuron(hotkeyOf(10))).toMatchObject({ uid: 0, active: false, stake: 0 })
  expect(source.neuron(hotkeyOf(10))).not.toHaveProperty('axon')
  expect(source.neuron(hotkeyOf(99))).toBeUndefined()
  expect([...source.neurons()].map(({ uid }) => uid)).toEqual([0, 1])
})

describe('how often', () => {
  test('three requests, of one block, each ten minutes', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    const source = sourceOf([node], { clock })
    await source.start()
    expect(Object.fromEntries(node.requests)).toEqual({ chain_getFinalizedHead: 1, state_call: 2 })
    clock.advance(INTERVAL_MS - 1)
    await setImmediate()
    expect([requestsTo(node), source.ageMs()]).toEqual([3, INTERVAL_MS - 1])
    node.advance()
    clock.advance(1)
    await until(() => source.ageMs() === 0)
    expect(Object.fromEntries(node.requests)).toEqual({ chain_getFinalizedHead: 2, state_call: 4 })
  })

  test.each([
    [0, 540_000],
    [0.75, 630_000],
  ])('up to a tenth sooner or later, by chance: %d', async (random, ms) => {
    vi.mocked(Math.random).mockReturnValue(random)
    const [node, clock] = [await startNode(), new FakeClock()]
    await sourceOf([node], { clock }).start()
    node.advance()
    clock.advance(ms - 1)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect(requestsTo(node)).toBe(3)
    clock.advance(1)
    await until(() => requestsTo(node) === 6)
  })

  test('one request a second to an endpoint', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    const starting = sourceOf([node], { clock, requestGapMs: 1000 }).start()
    await until(() => node.connections === 1)
    for (let sent = 0; sent < 3; sent++) {
      await until(() => clock.pending >= 2) // the gap, and how long it may take
      clock.advance(999)
      await setImmediate()
      expect(requestsTo(node)).toBe(sent)
      clock.advance(1)
      await until(() => requestsTo(node) === sent + 1)
    }
    await starting
  })

  test('waits for nothing before it is first connected, whatever the clock says', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    clock.advance(0.1) // 0.1 - 1000 + 1000 is more than 0.1
    const starting = sourceOf([node], { clock, requestGapMs: 1000 }).start()
    await until(() => node.connections === 1)
    for (let sent = 0; sent < 3; sent++) {
      await until(() => clock.pending >= 2)
      clock.advance(1000)
      await until(() => requestsTo(node) === sent + 1)
    }
    await starting
  })

  test('one connection, however many sources', async () => {
    const other = 8
    const node = await startNode({ subnets: { [NETUID]: [neuronOf(10)], [other]: [neuronOf(11)] } })
    const sources = [sourceOf([node]), sourceOf([node], { netuid: other }), sourceOf([node])]
    await Promise.all(sources.map((source) => source.start()))
    expect([node.connections, requestsTo(node)]).toEqual([1, 9])
    expect(sources.map((source) => [...source.neurons()][0]!.hotkey)).toEqual([10, 11, 10].map(hotkeyOf))
    await sources[0]!.stop()
    await sources[1]!.stop()
    await sourceOf([node]).start()
    expect(node.connections).toBe(1)
  })

  test('one connection also of sources that wait for other times and sizes', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    const patient = sourceOf([node], { clock, syncTimeoutMs: 90_000, maxAnswerBytes: 2 ** 20 })
    const hasty = sourceOf([node], { clock, syncTimeoutMs: 5_000 })
    await Promise.all([patient.start(), hasty.start()])
    expect([node.connections, requestsTo(node)]).toEqual([1, 6])
    node.misbehave('stall')
    await hasty.stop()
    const late = expect(hasty.start()).rejects.toEqual(error('TIMED_OUT', 'within 5000 ms'))
    await until(() => requestsTo(node) === 7)
    clock.advance(5_000)
    await late
  })

  test('an answer may be as large as any of the sources says, whoever came first', async () => {
    const node = await startNode()
    const small = sourceOf([node], { maxAnswerBytes: 1024 })
    await expect(small.start()).rejects.toEqual(error('LIMIT', 'more bytes than maxAnswerBytes'))
    await sourceOf([node], { maxAnswerBytes: 2000 }).start()
    expect(node.connections).toBe(2)
    neurons(node).push(...[13, 14, 15, 16, 17].map((byte) => neuronOf(byte)))
    node.advance()
    const large = sourceOf([node])
    await Promise.all([large.start(), small.start()])
    expect([...small.neurons()]).toHaveLength(8)
    expect(node.connections).toBe(3)
  })

  test('nothing after its stop; a source can be started again', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    const source = sourceOf([node], { clock })
    await source.start()
    await source.start()
    await source.stop()
    expect(clock.pending).toBeGreaterThan(0)
    await source.stop()
    expect(clock.pending).toBe(0)
    neurons(node).pop()
    node.advance()
    await source.start()
    expect([...source.neurons()]).toHaveLength(2)
  })

  test('a stop while it asks ends that', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    node.misbehave('stall')
    const source = sourceOf([node], { clock })
    const starting = expect(source.start()).rejects.toEqual(error('TIMED_OUT', 'within 60000 ms'))
    await until(() => requestsTo(node) === 1)
    clock.advance(60_000)
    await starting
    node.misbehave()
    await source.start()
    node.misbehave('stall')
    clock.advance(INTERVAL_MS)
    await until(() => node.requests.get('chain_getFinalizedHead') === 3)
    await source.stop()
    await until(() => clock.pending === 0)
  })
})

describe('what changes', () => {
  async function watched() {
    const [node, clock] = [await startNode(), new FakeClock()]
    const source = sourceOf([node], { clock })
    const told: string[] = []
    const look = vi.fn()
    source.onChange(look)
    source.on('left', ({ hotkey, uid }) => told.push(`left ${uid} ${hotkey}`))
    source.on('joined', ({ hotkey, uid }) => told.push(`joined ${uid} ${hotkey}`))
    source.on('moved', ({ neuron, before }) => told.push(`moved ${before.axon?.port} ${neuron.axon?.port}`))
    source.on('permit', ({ neuron }) => told.push(`permit ${neuron.uid} ${neuron.validatorPermit}`))
    source.on('stake', ({ neuron, before }) => told.push(`stake ${before.stake} ${neuron.stake}`))
    await source.start()
    return {
      node,
      source,
      look,
      async sync(): Promise<string[]> {
        node.advance()
        clock.advance(INTERVAL_MS)
        await until(() => source.ageMs() === 0)
        return told.splice(0)
      },
    }
  }

  test('the first sync tells who looks that there is something, and of no event', async () => {
    const { look, sync } = await watched()
    expect(look).toHaveBeenCalledTimes(1)
    expect(await sync()).toEqual([])
    expect(look).toHaveBeenCalledTimes(1)
  })

  test('joined, left, moved, permit, stake', async () => {
    const { node, look, sync } = await watched()
    neurons(node).push(neuronOf(13))
    expect(await sync()).toEqual([`joined 3 ${hotkeyOf(13)}`])
    neurons(node).pop()
    expect(await sync()).toEqual([`left 3 ${hotkeyOf(13)}`])
    neurons(node)[1]!.axon = fakeAxon({ ip: '8.8.8.11', port: 9000 })
    expect(await sync()).toEqual(['moved 8011 9000'])
    neurons(node)[1]!.axon = undefined
    expect(await sync()).toEqual(['moved 9000 undefined'])
    neurons(node)[1]!.validatorPermit = true
    expect(await sync()).toEqual(['permit 1 true'])
    neurons(node)[1]!.validatorPermit = false
    neurons(node)[1]!.totalStake = 3n * TAO
    expect(await sync()).toEqual(['permit 1 false', 'stake 0 3'])
    neurons(node)[1]!.taoStake = 3n
    expect(await sync()).toEqual(['stake 3 3'])
    expect(look).toHaveBeenCalledTimes(8)
  })

  test('the same axon, published again, is no move', async () => {
    const { node, look, sync } = await watched()
    neurons(node)[0]!.axon!.block += 60
    expect(await sync()).toEqual([])
    expect(look).toHaveBeenCalledTimes(2)
  })

  test('a swap of hotkeys is a leave and a join at one uid', async () => {
    const { node, sync } = await watched()
    neurons(node)[2]!.hotkey = hotkeyOf(20)
    expect(await sync()).toEqual([`left 2 ${hotkeyOf(12)}`, `joined 2 ${hotkeyOf(20)}`])
  })

  test('so is a hotkey that comes back at another uid', async () => {
    const { node, sync } = await watched()
    neurons(node).reverse()
    expect(await sync()).toEqual([
      `left 0 ${hotkeyOf(10)}`,
      `left 2 ${hotkeyOf(12)}`,
      `joined 0 ${hotkeyOf(12)}`,
      `joined 2 ${hotkeyOf(10)}`,
    ])
  })

  test('a listener that throws is in the log, and the others hear', async () => {
    const [node, clock, logger] = [await startNode(), new FakeClock(), new RecordingLogger()]
    const source = sourceOf([node], { clock, logger })
    const heard = vi.fn()
    await source.start()
    source.onChange(() => {
      throw new Error('mine')
    })
    source.onChange(heard)
    neurons(node).pop()
    node.advance()
    clock.advance(INTERVAL_MS)
    await until(() => heard.mock.calls.length === 1)
    expect(logger.at('error').map(({ message }) => message)).toEqual([
      `a listener for changes of subnet ${NETUID} threw`,
    ])
  })
})

describe('at the start', () => {
  test('a subnet that does not exist is an error of ours', async () => {
    const [node, second] = [await startNode(), await startNode()]
    await expect(sourceOf([node, second], { netuid: 99 }).start()).rejects.toEqual(
      error('CONFIG', 'subnet 99 does not exist'),
    )
    expect(requestsTo(second)).toBe(0)
  })

  test('no node at all is an error that names each', async () => {
    const [node, other] = [await startNode(), await startNode()]
    await node.close()
    await other.close()
    const source = sourceOf([node, other])
    await expect(source.start()).rejects.toEqual(error('CANNOT_CONNECT', node.endpoint))
    await expect(source.start()).rejects.toEqual(error('CANNOT_CONNECT', other.endpoint))
    expect(source.ageMs()).toBeUndefined()
  })

  test('the next endpoint is asked when the first is away', async () => {
    const [away, node] = [await startNode(), await startNode()]
    await away.close()
    const source = sourceOf([away, node])
    await source.start()
    expect([...source.neurons()]).toHaveLength(3)
  })

  test('a node of another chain than the one that is named is refused', async () => {
    const genesis = '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03'
    const [other, finney] = [await startNode(), await startNode({ genesis })]
    const options = { network: 'finney' } as const
    await expect(sourceOf([other], options).start()).rejects.toEqual(error('WRONG_PEER', 'another chain'))
    const source = sourceOf([other, finney], options)
    await source.start()
    expect([...source.neurons()]).toHaveLength(3)
    expect(other.requests.get('state_call')).toBeUndefined()
  })

  test('a local chain may have any genesis', async () => {
    await sourceOf([await startNode()], { network: 'local' }).start()
  })

  test('a node that does not answer is left after 30 s', async () => {
    const [silent, node, clock] = [await startNode(), await startNode(), new FakeClock()]
    const genesis = '0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105'
    silent.misbehave('half-open')
    const test = await startNode({ genesis })
    const starting = sourceOf([silent, test], { network: 'test', clock }).start()
    await until(() => silent.connections === 1)
    clock.advance(29_999)
    await setImmediate()
    expect(test.connections).toBe(0)
    clock.advance(1)
    await starting
    expect([requestsTo(test), requestsTo(node)]).toEqual([4, 0])
  })
})

describe('a node that becomes', () => {
  const KINDS: readonly Misbehaviour[] = [
    'drop',
    'not-json',
    'null',
    'wrong-shapes',
    'huge',
    'unknown-hashes',
    'too-many-bytes',
    'too-few-bytes',
  ]
  test.each(KINDS)('%s is asked again, and the last data stays until then', async (kind) => {
    const [node, clock, logger] = [await startNode(), new FakeClock(), new RecordingLogger()]
    const source = sourceOf([node], { clock, logger })
    await source.start()
    neurons(node).pop()
    node.advance()
    for (let turn = 0; turn < 8; turn++) {
      const asked = requestsTo(node)
      const told = logger.at('error').length
      node.misbehave(kind)
      clock.advance(INTERVAL_MS)
      await until(() => logger.at('error').length > told)
      expect([...source.neurons()]).toHaveLength(turn === 0 ? 3 : 2)
      expect(requestsTo(node) - asked).toBeLessThanOrEqual(3)
      node.misbehave()
      node.advance()
      clock.advance(RETRY_MS)
      await until(() => source.ageMs() === 0)
      expect(logger.at('info').at(-1)?.message).toBe(`subnet ${NETUID} can be read again`)
      expect([...source.neurons()]).toHaveLength(2)
    }
  })

  test('stalled is left after 60 s, for the next endpoint', async () => {
    const [node, next, clock] = [await startNode(), await startNode(), new FakeClock()]
    const source = sourceOf([node, next], { clock })
    await source.start()
    node.misbehave('stall')
    next.advance()
    clock.advance(INTERVAL_MS)
    await until(() => node.requests.get('chain_getFinalizedHead') === 2)
    clock.advance(59_999)
    await setImmediate()
    expect(requestsTo(next)).toBe(0)
    clock.advance(1)
    await until(() => requestsTo(next) === 3)
    await until(() => source.ageMs() === 60_000)
  })

  test('half-open is found out within a minute, before it is needed', async () => {
    const [node, clock] = [await startNode(), new FakeClock()]
    const source = sourceOf([node], { clock })
    await source.start()
    const pings = clock.pending
    node.misbehave('half-open')
    clock.advance(30_000)
    await setImmediate()
    expect(clock.pending).toBe(pings)
    clock.advance(30_000)
    expect(clock.pending).toBe(pings - 1)
    node.misbehave()
    node.advance()
    clock.advance(INTERVAL_MS - 60_000)
    await until(() => source.ageMs() === 0)
    expect(node.connections).toBe(2)
  })

  test('a liar about what belongs together changes nothing', async () => {
    const [node, clock, logger] = [await startNode(), new FakeClock(), new RecordingLogger()]
    const source = sourceOf([node], { clock, logger })
    await source.start()
    neurons(node)[2]!.hotkey = hotkeyOf(20)
    node.advance()
    node.misbehave('mixed-blocks')
    clock.advance(INTERVAL_MS)
    await until(() => logger.at('error').length === 1)
    expect(logger.at('error')[0]?.message).toContain('not of the same block')
    expect([...source.neurons()].map(({ hotkey }) => hotkey)).toEqual([10, 11, 12].map(hotkeyOf))
    node.misbehave()
    clock.advance(RETRY_MS)
    await until(() => source.neuron(hotkeyOf(20)) !== undefined)
  })

  test('one that hangs at its newest block is left for one that does not', async () => {
    const [node, next, clock] = [await startNode(), await startNode({ block: 9 }), new FakeClock()]
    const source = sourceOf([node, next], { clock })
    await source.start()
    clock.advance(INTERVAL_MS)
    await until(() => source.ageMs() === 0)
    expect([node.requests.get('state_call'), next.requests.get('state_call')]).toEqual([2, 2])
  })

  test('deaf for long is asked less and less often, and the log says so once', async () => {
    const [node, clock, logger] = [await startNode(), new FakeClock(), new RecordingLogger()]
    const source = sourceOf([node], { clock, logger })
    await source.start()
    node.misbehave('drop')
    const opened = node.connections
    for (let minute = 0; minute < 120; minute++) {
      clock.advance(60_000)
      for (let turn = 0; turn < 20; turn++) await setImmediate()
    }
    await until(() => clock.pending === 1)
    expect(node.connections - opened).toBeLessThan(18)
    expect(logger.at('error')).toHaveLength(1)
    expect(source.ageMs()).toBe(7_200_000)
    expect([...source.neurons()]).toHaveLength(3)
  })
})

test('hostile answers to one of several sources do not stop the others for long', async () => {
  const [node, next] = [await startNode(), await startNode()]
  node.misbehave('not-json', 'state_call')
  const sources = Array.from({ length: 5 }, () => sourceOf([node, next]))
  await Promise.all(sources.map((source) => source.start()))
  expect(node.requests.get('state_call')).toBe(1)
  expect(next.requests.get('state_call')).toBe(10)
})

describe('what cannot work is an error of ours', () => {
  test.each([
    [{}, "give it a network ('finney'), or endpoints"],
    [{ network: 'mainnet' }, "network is 'mainnet'; it is one of finney, test, local"],
    [{ network: 'toString' }, "network is 'toString'"],
    [{ endpoints: [] }, 'endpoints is []; it is a list of 1 to 16'],
    [{ endpoints: 'ws://127.0.0.1:9944' }, "endpoints is 'ws:"],
    [{ endpoints: Array(17).fill('ws://127.0.0.1:9944') }, 'a list of 1 to 16'],
    [{ endpoints: ['http://127.0.0.1:9944'] }, "endpoints has 'http:"],
    [{ endpoints: ['ws://'] }, "endpoints has 'ws://'"],
    [{ endpoints: ['ws://a.example/#x'] }, "endpoints has 'ws://a.example/#x'"],
    [{ network: 'local', netuid: 65_536 }, 'netuid is 65536; it is an integer from 0 to 65535'],
    [{ network: 'local', netuid: undefined }, 'netuid is undefined'],
    [{ network: 'local', intervalMs: 0 }, 'intervalMs is 0'],
    [{ network: 'local', connectTimeoutMs: 0 }, 'connectTimeoutMs is 0'],
    [{ network: 'local', syncTimeoutMs: 0 }, 'syncTimeoutMs is 0'],
    [{ network: 'local', requestGapMs: 60_001 }, 'requestGapMs is 60001'],
    [{ network: 'local', maxAnswerBytes: 1023 }, 'maxAnswerBytes is 1023'],
    [{ network: 'local', interval: 5 }, "there is no option 'interval'"],
  ])('%o', (options, message) => {
    expect(() => subtensor({ netuid: 1, ...options } as never)).toThrow(error('CONFIG', message))
  })

  test('an event that there is not', async () => {
    expect(() => subtensor({ netuid: 1, network: 'local' }).on('gone' as never, () => {})).toThrow(
      error('CONFIG', "there is no event 'gone'; there are left, joined, moved, permit, stake"),
    )
  })
})
