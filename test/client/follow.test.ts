/** A validator that follows a metagraph, with miners on loopback. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type FollowOptions, inMemoryMetagraph, type Neuron } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { neuronOf } from '../metagraph/neurons.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { newValidator, silentPort, startMiner, startMiners, type TestMiner, Work } from '../support/subnet.js'

/** Miners as the chain would tell of them; where they really are is on loopback. */
const published = ({ axon: { hotkey, port } }: TestMiner, uid: number, given: Partial<Neuron> = {}): Neuron =>
  neuronOf(0, { hotkey, uid, active: true, axon: { host: '8.8.8.8', port, protocol: 4 }, ...given })
const address: FollowOptions['address'] = ({ axon }) => axon && { host: '127.0.0.1', port: axon.port }

test('miners appear, move, swap hotkeys and leave', async () => {
  const miners = await startMiners(4)
  const [a, b, c, d] = miners as [TestMiner, TestMiner, TestMiner, TestMiner]
  const source = inMemoryMetagraph([published(a, 0), published(b, 1)])
  const validator = newValidator()
  const connected = () => validator.authenticated().sort()
  const hotkeys = (...some: TestMiner[]) => some.map(({ axon }) => axon.hotkey).sort()
  const unfollow = await validator.follow(source, { address })
  expect(connected()).toEqual(hotkeys(a, b))
  source.set([published(a, 0), published(b, 1), published(c, 2)])
  await until(() => connected().length === 3)
  source.set([published(a, 0), published(d, 1), published(c, 2)]) // uid 1 has another hotkey, at another axon
  await until(() => connected().join() === hotkeys(a, c, d).join())
  const moved = await startMiner({ signer: signerOf(12) })
  source.set([published(a, 0), published(d, 1), published(moved, 2)])
  await until(() => validator.stats().miners[moved.axon.hotkey]?.port === moved.axon.port)
  await until(() => connected().length === 3)
  source.set([published(d, 1)])
  expect(connected()).toEqual(hotkeys(d))
  await unfollow()
  source.set([])
  expect(connected()).toEqual(hotkeys(d))
})

test('only those that are reachable, or those that are asked for', async () => {
  const [a, b] = (await startMiners(2)) as [TestMiner, TestMiner]
  const source = inMemoryMetagraph([published(a, 0), published(b, 1, { validatorPermit: true })])
  const validator = newValidator()
  await validator.follow(source, { address })
  expect(Object.keys(validator.stats().miners)).toEqual([a.axon.hotkey])
  await validator.follow(source, { address, where: ({ uid }) => uid === 1 })
  expect(Object.keys(validator.stats().miners)).toEqual([b.axon.hotkey])
})

test('one that answers no QUIC is not tried more often because others come and go', async () => {
  const [a, b] = (await startMiners(2)) as [TestMiner, TestMiner]
  const deaf = neuronOf(9, {
    uid: 9,
    active: true,
    axon: { host: '8.8.8.8', port: await silentPort(), protocol: 4 },
  })
  const source = inMemoryMetagraph([published(a, 0), deaf])
  const validator = newValidator({ connectTimeoutMs: 50, reconnect: { firstMs: 60_000 } })
  await validator.follow(source, { address })
  const attempts = () => validator.stats().miners[deaf.hotkey]?.attempts
  expect(attempts()).toBe(1)
  for (const others of [[published(b, 1)], [published(a, 0), published(b, 1)]]) {
    source.set([...others, deaf])
    await until(() => validator.authenticated().length === others.length)
  }
  expect(attempts()).toBe(1)
  await validator.setMiners([{ hotkey: deaf.hotkey, host: '127.0.0.1', port: deaf.axon!.port }])
  expect(attempts()).toBe(2)
})

test('an axon that is HTTP alone costs a probe a minute, however often all are asked and others come and go', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const called = vi.fn()
  server.on('connection', called)
  const clock = new FakeClock()
  const [a, b] = (await startMiners(2, { options: { clock } })) as [TestMiner, TestMiner]
  const { port } = server.address() as AddressInfo
  const http = neuronOf(9, { uid: 9, active: true, axon: { host: '8.8.8.8', port, protocol: 4 } })
  const source = inMemoryMetagraph([published(a, 0)])
  const validator = newValidator({ clock, connectTimeoutMs: 4_000 })
  await validator.follow(source, { address })
  source.set([published(a, 0), http])

  const stepMs = 5_000
  const state = () => validator.stats().miners[http.hotkey]!
  const dialledAtMs: number[] = []
  for (let ms = 0; ms < 3_600_000; ms += stepMs) {
    if (ms % 60_000 === 0) {
      const isThere = ms % 120_000 === 0
      source.set([published(a, 0), http, ...(isThere ? [published(b, 1)] : [])])
      await until(() => validator.authenticated().length === (isThere ? 2 : 1))
    }
    let isOver = false
    const asking = validator.queryAll(validator.miners(), Work, { text: 'hi', n: 1 }).finally(() => {
      isOver = true
    })
    await until(() => isOver || state().state === 'connecting')
    clock.advance(stepMs)
    const outcomes = await asking
    expect(outcomes.filter(({ ok }) => !ok).map(({ axon }) => axon.hotkey)).toEqual([http.hotkey])
    while (dialledAtMs.length < state().attempts) dialledAtMs.push(ms)
  }
  const later = dialledAtMs.slice(5)
  const gapsMs = later.slice(1).map((at, i) => at - later[i]!)
  // probes are up to a fifth of a minute early, so that those that failed together do not come back together
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(48_000)
  expect(Math.max(...gapsMs)).toBeLessThanOrEqual(60_000 + 2 * stepMs)
  expect(dialledAtMs.length).toBeLessThanOrEqual(5 + 3_600 / 48)
  expect(called).toHaveBeenCalledTimes(0)
})

test('what changes beside the axons connects nobody anew', async () => {
  const [a] = (await startMiners(1)) as [TestMiner]
  const source = inMemoryMetagraph([published(a, 0)])
  const validator = newValidator()
  await validator.follow(source, { address })
  const told = vi.fn()
  validator.on('connection', told)
  source.set([published(a, 0, { stake: 5 })])
  expect(told).toHaveBeenCalledTimes(0)
})

test('a list that cannot be is an error the first time, and later a line in the log', async () => {
  const logger = new RecordingLogger()
  const [a, b] = (await startMiners(2)) as [TestMiner, TestMiner]
  const validator = newValidator({ maxConnections: 1, logger })
  const source = inMemoryMetagraph([published(a, 0), published(b, 1)])
  await expect(validator.follow(source, { address })).rejects.toMatchObject({ code: 'LIMIT' })
  source.set([published(a, 0)])
  await validator.follow(source, { address })
  source.set([published(a, 0), published(b, 1)])
  await until(() => logger.at('error').length === 1)
  expect(validator.authenticated()).toEqual([a.axon.hotkey])
})

test('starts its source, and stops it', async () => {
  const [start, stop] = [vi.fn(async () => {}), vi.fn(async () => {})]
  const source = { ...inMemoryMetagraph([]), start, stop }
  const unfollow = await newValidator().follow(source)
  await unfollow()
  await unfollow()
  expect([start.mock.calls.length, stop.mock.calls.length]).toEqual([1, 1])
})

test.each([
  [undefined, {}, 'the source is missing'],
  [inMemoryMetagraph([]), { where: true }, 'where and address are functions'],
  [inMemoryMetagraph([]), { adress: 1 }, "no option 'adress'"],
])('a mistake is an error of ours', async (source, options, message) => {
  await expect(newValidator().follow(source as never, options as never)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining(message),
  })
})
