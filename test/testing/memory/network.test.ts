import { expect, test } from 'vitest'
import {
  LevinError,
  Miner,
  type MinerOptions,
  open,
  type SynapseData,
  silentLogger,
  synapse,
  Validator,
} from '../../../src/index.js'
import { FakeClock, memoryNetwork, testKey, turn } from '../../../src/testing/index.js'

const Echo = synapse('Echo', {})
const clock = new FakeClock()
const miner = (options: Partial<MinerOptions>) =>
  new Miner({ signer: testKey('miner'), access: open(), logger: silentLogger, clock, ...options }).synapse(
    Echo,
    (data) => data,
  )
const validator = (host: string, network = memoryNetwork()) =>
  new Validator({ signer: testKey('alice'), logger: silentLogger, engine: network.at(host), clock })

const axon = { hotkey: testKey('miner').hotkey, host: '192.0.2.1', port: 8443 }
const failed = (promise: Promise<unknown>): Promise<LevinError> =>
  promise.then(
    () => new LevinError('INTERNAL', 'it did not fail'),
    (error) => error,
  )

test('miners on one network have addresses and ports, as on a real one', async () => {
  const network = memoryNetwork()
  const one = miner({ engine: network.at('192.0.2.1') })
  const other = miner({ engine: network.at('192.0.2.1') })
  const third = miner({ engine: network.at('192.0.2.3') })
  expect(await one.listen()).toEqual({ host: '192.0.2.1', port: 8443 })
  expect(await failed(other.listen({ host: '192.0.2.1' }))).toMatchObject({
    code: 'CONFIG',
    message: 'cannot listen on 192.0.2.1 port 8443 in memory: the port is taken',
  })
  expect(await failed(other.listen({ host: '192.0.2.2' }))).toMatchObject({
    code: 'CONFIG',
    message: 'cannot listen on 192.0.2.2 port 8443 in memory: this machine is 192.0.2.1',
  })
  expect(await other.listen({ host: '192.0.2.1', port: 0 })).toEqual({ host: '192.0.2.1', port: 8444 })
  expect(await third.listen({ host: '::', port: 8443 })).toEqual({ host: '192.0.2.3', port: 8443 })
  await one.close()
  const again = miner({ engine: network.at('192.0.2.1') })
  expect(await again.listen()).toMatchObject({ port: 8443 })
})

test('a miner sees from where a validator dials, and the certificate is that of the listener', async () => {
  const network = memoryNetwork()
  const remotes: string[] = []
  const listening = miner({ engine: network.at('192.0.2.1') })
  listening.on('connection', ({ remote }) => remotes.push(remote.host))
  await listening.listen()
  const connection = await validator('192.0.2.7', network).connect(axon)
  expect((await connection.query(Echo, { text: 'hello' })).data).toEqual({ text: 'hello' })
  expect(remotes).toEqual(['192.0.2.7'])
  await listening.close()
  expect(connection.isOpen).toBe(false)
})

test('nobody listens there, or only on another network', async () => {
  const listening = miner({ engine: memoryNetwork().at('192.0.2.1') })
  await listening.listen()
  expect(await failed(validator('192.0.2.7').connect(axon))).toMatchObject({
    code: 'CANNOT_CONNECT',
    message: 'cannot connect to 192.0.2.1 port 8443: nobody listens there',
  })
})

test('a miner that stops takes nobody new, and answers those who are in', async () => {
  const network = memoryNetwork()
  let answer = (_: SynapseData): void => {}
  const Slow = synapse('Slow', {})
  const listening = miner({ engine: network.at('192.0.2.1') })
  listening.synapse(
    Slow,
    () =>
      new Promise<SynapseData>((resolve) => {
        answer = resolve
      }),
  )
  await listening.listen()
  const connection = await validator('192.0.2.7', network).connect(axon)
  const asked = connection.query(Slow, {})
  await turn()
  const closed = listening.close()
  await turn()
  expect(await failed(validator('192.0.2.8', network).connect(axon))).toMatchObject({
    code: 'CANNOT_CONNECT',
  })
  expect(listening.stats().network).toMatchObject({ refused: 1, connections: 1 })
  answer({ late: true })
  expect((await asked).data).toEqual({ late: true })
  await closed
})

test('whom a source filter shuts out hears nothing, until its time is up', async () => {
  const network = memoryNetwork()
  const listening = miner({
    engine: network.at('192.0.2.1'),
    sourceFilter: {
      admits: (host: string) => host === '192.0.2.8',
      start() {},
      stop() {},
      stats() {},
      learn() {},
    } as never,
  })
  await listening.listen()
  const shutOut = failed(validator('192.0.2.7', network).connect(axon))
  await turn()
  clock.advance(10_000)
  expect(await shutOut).toMatchObject({ code: 'TIMED_OUT' })
  expect((await validator('192.0.2.8', network).connect(axon)).isOpen).toBe(true)
})
