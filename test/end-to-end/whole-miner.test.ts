/** A miner with everything that it can have at once, on the built package: threads know no TypeScript. */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { BlockedEvent, CallEvent, HandshakeEvent } from '../../src/index.js'
import { until } from '../support/frames.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'

type Levin = typeof import('../../src/index.js')
const levin: Levin = await import(new URL('../../dist/index.js', import.meta.url).href)
const { Threaded } = await import(new URL('../support/threaded.mjs', import.meta.url).href)
const {
  all,
  bodyLimit,
  identify,
  inMemoryMetagraph,
  minStake,
  Miner,
  priority,
  rateLimit,
  synapse,
  Validator,
} = levin

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

test('rules, plugins, threads, hooks, events and stats work together, and all of it ends', async () => {
  const order: string[] = []
  class Rain {
    start() {
      order.push('hook starts')
    }
    stop() {
      order.push('hook stops')
    }
    rain() {
      return { mm: 3 }
    }
  }
  const descriptor = (name: 'start' | 'stop' | 'rain') =>
    Object.getOwnPropertyDescriptor(Rain.prototype, name) as TypedPropertyDescriptor<never>
  levin.OnStart()(Rain.prototype, 'start', descriptor('start'))
  levin.OnStop()(Rain.prototype, 'stop', descriptor('stop'))
  levin.Synapse(synapse('rain', {}))(Rain.prototype, 'rain', descriptor('rain') as never)

  const neuron = { hotkey: validatorSigner.hotkey, uid: 4, validatorPermit: true }
  const metagraph = inMemoryMetagraph([{ ...neuron, stake: 5000 }])
  const handshakes: HandshakeEvent[] = []
  const calls: CallEvent[] = []
  const blocked: BlockedEvent[] = []
  const miner = new Miner({
    signer: minerSigner,
    access: all(minStake(1000, metagraph)),
    logger: levin.silentLogger,
    workers: 1,
    blockedMs: 50,
  })
    .use(rateLimit({ perSecond: 1000, burst: 1000 }))
    .use(bodyLimit(1024 * 1024))
    .use(identify(metagraph))
    .use(
      priority(
        (call: import('../../src/index.js').Call & import('../../src/index.js').Identified) =>
          call.neuron?.stake ?? 0,
      ),
    )
    .use(
      Object.assign(
        async function watched(_call: unknown, next: () => Promise<object>) {
          return next()
        },
        { onStart: () => void order.push('plugin starts'), onStop: () => void order.push('plugin stops') },
      ),
    )
    .register(Threaded)
    .register(Rain)
    .synapse(synapse('who', {}), (_data, call) => ({ uid: call.neuron?.uid ?? -1 }))
    .synapse(synapse('block', {}), () => {
      const end = performance.now() + 80
      while (performance.now() < end);
      return {}
    })
  miner.on('handshake', (event) => handshakes.push(event))
  miner.on('call', (event) => calls.push(event))
  miner.on('blocked', (event) => blocked.push(event))
  const address = await miner.listen({ host: '127.0.0.1', port: 0 })
  closing.push(() => miner.close())
  const axon = { hotkey: miner.hotkey, ...address }
  const [validator, stranger] = [validatorSigner, signerOf(7)].map(
    (signer) => new Validator({ signer, logger: levin.silentLogger }),
  ) as [InstanceType<Levin['Validator']>, InstanceType<Levin['Validator']>]
  closing.push(
    () => validator.close(),
    () => stranger.close(),
  )

  await expect(stranger.connect(axon)).rejects.toMatchObject({ code: 'HANDSHAKE_REFUSED' })
  const connection = await validator.connect(axon)
  const ask = async (name: string, data = {}) => (await connection.query(synapse(name, {}), data)).data
  const payload = randomBytes(1000)
  expect(await ask('digest', { payload, n: 1 })).toMatchObject({
    hex: createHash('sha256').update(payload).digest('hex'),
  })
  expect(await ask('rain')).toEqual({ mm: 3 })
  expect(await ask('who')).toEqual({ uid: 4 })
  await ask('block')
  const refused = await ask('refuse').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'PEER_ERROR', peerMessage: 'request processing failed' })
  expect(refused).not.toHaveProperty('callId')

  expect(handshakes.map(({ accepted, hotkey }) => [accepted, hotkey])).toEqual([
    [false, signerOf(7).hotkey],
    [true, validatorSigner.hotkey],
  ])
  expect(handshakes[0]!.reason).toContain('not registered')
  await until(() => blocked.length > 0 && calls.length === 5)
  expect(blocked[0]).toMatchObject({ synapse: 'block' })
  expect(blocked[0]!.ms).toBeGreaterThanOrEqual(80)
  const stats = miner.stats()
  expect(stats).toMatchObject({
    connections: { validators: 1 },
    handshakes: { accepted: 1, refused: { 'not admitted': 1 } },
    calls: { digest: { answered: 1 }, refuse: { refused: 1 }, block: { answered: 1 } },
    access: { policy: 'all(minStake(1000))' },
    middleware: { priority: { running: 0, waiting: 0, shed: 0 }, identify: {}, rateLimit: {}, bodyLimit: {} },
    network: { retriesSent: 2, dropped: { badToken: 0 } },
  })

  // The stake goes: so does the validator, without anybody asking.
  metagraph.set([{ ...neuron, stake: 10 }])
  await until(() => !connection.isOpen)
  expect(miner.stats().connections.validators).toBe(0)
  await miner.setAccess(levin.allowlist([validatorSigner.hotkey]))
  const again = await validator.connect(axon)
  expect((await again.query(synapse('rain', {}), {})).data).toEqual({ mm: 3 })

  await miner.close()
  expect(order).toEqual(['hook starts', 'plugin starts', 'plugin stops', 'hook stops'])
})
