import { afterEach, expect, test, vi } from 'vitest'
import { type Call, LevinError, Miner, open, synapse } from '../../src/index.js'
import {
  type BuildMiner,
  memoryNetwork,
  override,
  type TestMiner,
  type TestMinerOptions,
  testKey,
  testMiner,
  testSubnet,
  turn,
} from '../../src/testing/index.js'
import { accessOf, Forecast, ForecastMiner, Narrate, WeatherModel, weatherMiner } from './weather.js'

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close()
})

async function started(options?: TestMinerOptions): Promise<TestMiner<Miner>> {
  const miner = await testMiner(
    (given, metagraph) => weatherMiner({ ...given, access: accessOf(metagraph) }),
    options,
  )
  closing.push(miner)
  return miner
}

const OSLO = { city: 'Oslo', days: 2 }

test('a validator asks, through everything that there is above the network', async () => {
  const miner = await started()
  const alice = await miner.as('alice', { stake: 1000 })
  expect(alice.hotkey).toBe(testKey('alice').hotkey)
  expect((await alice.query(Forecast, OSLO)).data).toEqual({ celsius: [28, 1] })
  const chunks: string[] = []
  for await (const chunk of alice.stream(Narrate, OSLO)) chunks.push(Buffer.from(chunk).toString())
  expect(chunks).toEqual(['28 in Oslo. ', '1 in Oslo. '])
  expect(miner.miner.stats()).toMatchObject({
    connections: { validators: 1 },
    calls: { Forecast: { answered: 1 }, Narrate: { answered: 1 } },
    network: { engine: 'memory' },
  })
})

test('who is not admitted reads what everybody reads, and the test why', async () => {
  const miner = await started()
  const error = LevinError.from(await miner.as('alice', { stake: 999 }).catch((thrown) => thrown))
  expect([error.code, (error.cause as Error).message]).toEqual([
    'HANDSHAKE_REFUSED',
    'not admitted: stake 999 TAO is below 1000',
  ])
  await expect(miner.as('bob')).rejects.toMatchObject({
    code: 'HANDSHAKE_REFUSED',
    cause: { message: 'not admitted: not registered' },
  })
})

test('who loses the right to be there is closed, in the same turn', async () => {
  const miner = await started()
  const [alice, bob] = [await miner.as('alice', { stake: 1000 }), await miner.as('bob', { stake: 1000 })]
  miner.metagraph.put('alice', { stake: 1 })
  await turn()
  expect([alice.isOpen, bob.isOpen]).toEqual([false, true])
  await expect(alice.query(Forecast, OSLO)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  miner.metagraph.remove('bob')
  await turn()
  expect(bob.isOpen).toBe(false)
})

test('a metagraph that is too old, or not known, admits nobody new', async () => {
  const miner = await started()
  miner.metagraph.put('alice', { stake: 1000 })
  for (const ms of [7_200_001, undefined]) {
    miner.metagraph.age(ms)
    await expect(miner.as('alice')).rejects.toMatchObject({ code: 'HANDSHAKE_REFUSED' })
  }
  miner.metagraph.age(7_200_000)
  expect((await miner.as('alice')).isOpen).toBe(true)
})

test('what is injected is replaced for one miner alone, singletons that were made with it included', async () => {
  const faked = await started({ overrides: [override(WeatherModel, { run: () => [21] })] })
  const real = await started()
  const answers = async (miner: TestMiner) => {
    const alice = await miner.as('alice', { stake: 1000 })
    return (await alice.query(Forecast, OSLO)).data.celsius
  }
  expect([await answers(faked), await answers(real), await answers(faked)]).toEqual([[21], [28, 1], [21]])
})

test('what the handler threw is the cause of what its caller reads, each its own', async () => {
  const run = vi.fn(({ city }: { city: string }): number[] => {
    throw new Error(`no model for ${city}`)
  })
  const miner = await started({ overrides: [override(WeatherModel, { run })] })
  const alice = await miner.as('alice', { stake: 1000 })
  const ask = (city: string) => alice.query(Forecast, { city, days: 1 }).catch((error) => error)
  const errors = await Promise.all([ask('Oslo'), ask('Rome')])
  expect(errors.map(({ code, peerMessage }) => [code, peerMessage])).toEqual([
    ['PEER_ERROR', 'request processing failed'],
    ['PEER_ERROR', 'request processing failed'],
  ])
  expect(errors.map(({ cause }) => cause.message)).toEqual(['no model for Oslo', 'no model for Rome'])
  const streamed = async () => {
    for await (const _ of alice.stream(Narrate, OSLO)) throw new Error('a chunk came')
  }
  await expect(streamed()).rejects.toMatchObject({
    code: 'PEER_ERROR',
    peerMessage: 'stream processing failed',
    cause: { message: 'no model for Oslo' },
  })
  expect(miner.log.at('error')).toHaveLength(3)
})

test('time passes when the test says so', async () => {
  const calls: Call[] = []
  const Hang = synapse('Hang', {})
  const hangs = (_: object, call: Call) => {
    calls.push(call)
    return new Promise<never>(() => {})
  }
  const miner = await testMiner((given) => new Miner({ ...given, access: open() }).synapse(Hang, hangs))
  closing.push(miner)
  const alice = await miner.as('alice')
  const answer = alice.query(Hang, {}, { timeoutMs: 60_000 })
  await turn()
  miner.clock.advance(29_999)
  await turn()
  expect(calls.map(({ signal }) => signal.aborted)).toEqual([false])
  miner.clock.advance(1)
  await expect(answer).rejects.toMatchObject({ code: 'PEER_ERROR', peerMessage: 'handler timed out' })
  expect(calls.map(({ signal }) => signal.aborted)).toEqual([true])
})

test('a handler that never ends holds up nothing at the end of a test', async () => {
  const Hang = synapse('Hang', {})
  const miner = await testMiner((given) =>
    new Miner({ ...given, access: open(), drainMs: 3_600_000 }).synapse(Hang, () => new Promise(() => {})),
  )
  const alice = await miner.as('alice')
  const answer = alice.query(Hang, {}).catch(({ code }) => code)
  await turn()
  await miner.close()
  expect(await answer).toBe('CONNECTION_LOST')
  await miner.close()
})

test("the runner's own fake timers are none of its business", async () => {
  vi.useFakeTimers()
  try {
    const miner = await started()
    const alice = await miner.as('alice', { stake: 1000 })
    expect((await alice.query(Forecast, OSLO)).data).toEqual({ celsius: [28, 1] })
    await miner.close()
  } finally {
    vi.useRealTimers()
  }
})

test('is disposed of with its scope', async () => {
  const miner = await started()
  const alice = await miner.as('alice', { stake: 1000 })
  await miner[Symbol.asyncDispose]()
  expect([alice.isOpen, miner.log.lines.at(-1)?.message]).toEqual([false, 'miner stopped'])
})

test('each validator has an address of its own, by which limits go', async () => {
  const remotes = new Set<string>()
  const subnet = testSubnet()
  closing.push(subnet)
  const miner = await subnet.miner((given) =>
    new Miner({ ...given, access: open(), handshakesPerMinute: 1 }).synapse(Forecast, (_, call) => {
      remotes.add(call.remote.host)
      return { celsius: [] }
    }),
  )
  for (let n = 0; n < 40; n++) await (await miner.as(`validator ${n}`)).query(Forecast, OSLO)
  expect(remotes.size).toBe(40)
})

test('validators of a subnet follow its metagraph, and ask all of its miners', async () => {
  const subnet = testSubnet()
  closing.push(subnet)
  const build: BuildMiner<Miner> = (given, metagraph) =>
    weatherMiner({ ...given, access: accessOf(metagraph) })
  const one = await subnet.miner(build, { key: 'one' })
  const other = await subnet.miner(build, {
    key: 'other',
    overrides: [override(WeatherModel, { run: () => [5] })],
  })
  const validator = subnet.validator('alice', { stake: 1000 })
  await validator.follow(subnet.metagraph)
  const outcomes = await validator.queryAll(validator.miners(), Forecast, OSLO)
  const answers = outcomes.map((outcome) => [outcome.axon.hotkey, outcome.ok && outcome.data.celsius])
  expect(answers).toEqual([
    [one.axon.hotkey, [28, 1]],
    [other.axon.hotkey, [5]],
  ])
  subnet.metagraph.put(other.axon, { axon: { ...other.axon, port: 1, protocol: 4 } })
  await turn()
  const [, moved] = await validator.queryAll(validator.miners(), Forecast, OSLO)
  expect(moved).toMatchObject({ ok: false, code: 'CANNOT_CONNECT' })
})

test('a mistake of the test says what to do', async () => {
  await expect(
    testMiner(() => weatherMiner({ signer: testKey('bob'), access: open() })),
  ).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('without the signer'),
  })
  const elsewhere = testMiner((given) =>
    weatherMiner({ ...given, access: open(), engine: memoryNetwork().at() }),
  )
  await expect(elsewhere).rejects.toThrow('without the engine')
  expect(() => override(ForecastMiner, {} as never)).toThrow('ForecastMiner answers synapses')
  expect(() => override(undefined as never, {})).toThrow('override takes the class')
  await expect(started({ override: [] } as never)).rejects.toThrow("there is no option 'override'")
  expect(() => testKey('')).toThrow("testKey('alice')")
  expect(() => testKey(testKey('alice').hotkey)).toThrow('is a hotkey')
})
