import { request } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { registered } from '../../src/index.js'
import { type Monitor, type MonitorOptions, monitor } from '../../src/monitor/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import type { Engine } from '../../src/transport/engine.js'
import type { Addon } from '../../src/transport/quinn/addon.js'
import { loadQuinn } from '../../src/transport/quinn/engine.js'
import type { Host } from '../../src/transport/quinn/host.js'
import { QuinnListener } from '../../src/transport/quinn/listener.js'
import { until } from '../support/frames.js'
import { signerOf, validatorSigner } from '../support/hotkeys.js'
import { describeQuinn } from '../support/quinn.js'
import {
  Broken,
  closeLater,
  Echo,
  Held,
  listening,
  metagraph,
  newMiner,
  newValidator,
  release,
  stranger,
} from './watched.js'

const start = async (options: MonitorOptions): Promise<Monitor> =>
  closeLater(await monitor({ port: 0, ...options }))

interface Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
}

/** As fetch, which cannot choose the Host header. */
function ask({ port }: Monitor, path: string, method = 'GET', host = `127.0.0.1:${port}`): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (more: string) => {
        text += more
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('/readyz and /healthz', () => {
  test('follow a miner from its start to its end', async () => {
    const miner = newMiner()
    const watching = await start({ miner })
    const ready = async () => {
      const { status, text } = await ask(watching, '/readyz')
      return `${status} ${text.trim()}`
    }
    expect(await ready()).toBe('503 the miner does not listen yet')
    const axon = await listening(miner)
    expect(await ready()).toBe('200 ready')
    expect((await ask(watching, '/healthz')).status).toBe(200)
    const held = newValidator().query(axon, Held, {})
    await until(() => miner.stats().calls.Held?.running === 1)
    const closed = miner.close()
    expect(await ready()).toBe('503 the miner is stopping')
    release()
    await held
    await closed
    expect(await ready()).toBe('503 the miner is closed')
    expect((await ask(watching, '/healthz')).status).toBe(200)
  })

  test('say that every place is taken', async () => {
    const miner = newMiner({ maxValidators: 1 })
    const watching = await start({ miner })
    const axon = await listening(miner)
    await newValidator().query(axon, Echo, {})
    expect(await ask(watching, '/readyz')).toMatchObject({
      status: 503,
      text: 'every place for validators is taken\n',
    })
  })

  test('look at the age of the chain data, to the limit of the access rules', async () => {
    let ageMs = 7_199_999
    const aging = { ...metagraph, ageMs: () => ageMs }
    const miner = newMiner()
    await miner.setAccess(registered(aging))
    const watching = await start({ miner })
    await listening(miner)
    expect((await ask(watching, '/readyz')).status).toBe(200)
    ageMs++
    expect(await ask(watching, '/readyz')).toMatchObject({ status: 503, text: 'the chain data is old\n' })
    await miner.setAccess(registered(metagraph))
    expect((await ask(watching, '/readyz')).status).toBe(200)
    const ofMetagraph = await start({ miner, metagraph: aging })
    expect((await ask(ofMetagraph, '/readyz')).text).toBe('the chain data is old\n')
  })

  test('say of a validator that no miner is connected, when it knows any', async () => {
    const validator = newValidator()
    const watching = await start({ validator })
    expect((await ask(watching, '/readyz')).status).toBe(200)
    const miner = newMiner()
    const axon = await listening(miner)
    await validator.setMiners([axon])
    expect((await ask(watching, '/readyz')).status).toBe(200)
    await validator.setMiners([{ ...axon, port: 1 }])
    expect(await ask(watching, '/readyz')).toMatchObject({ status: 503, text: 'no miner is connected\n' })
  })
})

describeQuinn('/healthz', (addon) => {
  test('says that the engine failed: only a restart helps', async () => {
    let native!: Host['native']
    const watched: Addon = {
      ...addon,
      Engine: class extends addon.Engine {
        constructor(...given: ConstructorParameters<typeof addon.Engine>) {
          super(...given)
          native = this
        }
      },
    }
    const engine: Engine = { ...loadQuinn(), listen: async (options) => new QuinnListener(watched, options) }
    const miner = newMiner({ engine })
    const watching = await start({ miner })
    const axon = await listening(miner)
    const validator = newValidator()
    await validator.query(axon, Echo, {})
    expect((await ask(watching, '/healthz')).status).toBe(200)
    native.panicIn(1) // when next it reads its socket
    const lost = validator.query(axon, Echo, {}).catch((error: unknown) => error)
    await until(() => miner.state === 'failed')
    expect(await ask(watching, '/healthz')).toMatchObject({
      status: 503,
      text: 'the network engine failed\n',
    })
    expect(await ask(watching, '/readyz')).toMatchObject({ status: 503, text: 'the network engine failed\n' })
    validator.close()
    await lost
  })
})

describe('the server', () => {
  test('answers those who meant it, and nobody whose name was rebound to it', async () => {
    const watching = await start({ miner: newMiner(), allowedHosts: ['Miner.internal'] })
    const { port } = watching
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, '[::1]', '10.1.2.3:80', 'miner.INTERNAL:1'])
      expect((await ask(watching, '/healthz', 'GET', host)).status, host).toBe(200)
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ])
      expect((await ask(watching, '/metrics', 'GET', host)).status, host).toBe(421)
  })

  test('takes nothing, allows no other origin, and frames and scripts from nowhere', async () => {
    const watching = await start({ miner: newMiner() })
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask(watching, '/', method)).status).toBe(405)
    const { headers, status } = await ask(watching, '/')
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect((await ask(watching, '/', 'HEAD')).text).toBe('')
    expect((await ask(watching, '/../package.json')).status).toBe(404)
  })

  test('has metrics, of the process as well', async () => {
    const watching = await start({ miner: newMiner(), validator: newValidator() })
    const { headers, text } = await ask(watching, '/metrics')
    expect(headers['content-type']).toContain('text/plain; version=0.0.4')
    for (const name of ['levin_miner_ready', 'levin_validator_miners', 'nodejs_eventloop_lag_p99_seconds'])
      expect(text).toContain(`# TYPE ${name} gauge`)
    expect(text).not.toMatch(/# TYPE \w+_total gauge/) // which promtool objects to
  })

  test('does all the rest without prom-client, and says what is missing', async () => {
    vi.doMock('prom-client', () => {
      throw new Error("Cannot find package 'prom-client'")
    })
    const watching = await start({ miner: newMiner() })
    vi.doUnmock('prom-client')
    expect(await ask(watching, '/metrics')).toMatchObject({
      status: 501,
      text: "metrics need the package 'prom-client': run npm install prom-client\n",
    })
    expect((await ask(watching, '/now.json')).status).toBe(200)
  })

  test('is only on loopback unless told otherwise, and says why it cannot be there', async () => {
    const watching = await start({ miner: newMiner() })
    expect(watching.host).toBe('127.0.0.1')
    const { port } = watching
    await expect(monitor({ miner: newMiner(), port })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(`monitor: cannot listen on 127.0.0.1 port ${port}: listen EADDRINUSE`),
    })
    await expect(monitor({})).rejects.toMatchObject({ code: 'CONFIG' })
    await expect(monitor({ miner: newMiner(), prt: 1 } as never)).rejects.toThrow("there is no option 'prt'")
    await watching.close()
    await watching.close()
    closeLater(await monitor({ miner: newMiner(), port }))
  })
})

describe('/now.json', () => {
  test('has what the page shows', async () => {
    const miner = newMiner()
    const validator = newValidator()
    const clock = new FakeClock()
    const watching = await start({ miner, validator, metagraph, clock })
    expect(JSON.parse((await ask(watching, '/now.json')).text).miner).toEqual({
      hotkey: miner.hotkey,
      state: 'new',
    })
    const axon = await listening(miner)
    await validator.query(axon, Echo, {})
    await validator.query(axon, Broken, {}).catch(() => {})
    await newValidator(stranger)
      .query(axon, Echo, {})
      .catch(() => {})
    clock.advance(1000)
    const now = JSON.parse((await ask(watching, '/now.json')).text)
    expect(now.notReady).toEqual([])
    expect(now.miner).toMatchObject({
      connections: { validators: 1 },
      handshakes: { accepted: 1, refused: { 'not admitted': 1 } },
      synapses: [
        { name: 'Echo', answered: 1 },
        { name: 'Held', answered: 0 },
        { name: 'Broken', failed: 1 },
      ],
      validators: [{ hotkey: validatorSigner.hotkey, uid: 7, stake: 4321, calls: 2 }],
    })
    expect(now.validator).toMatchObject({
      connections: { connected: 1 },
      synapses: [
        { name: 'Echo', failed: 0 },
        { name: 'Broken', failed: 1 },
      ],
      miners: [{ hotkey: miner.hotkey, state: 'connected', answered: 1, failed: 1 }],
    })
  })

  test('is of bounded size, however many miners there are, with those first that were asked', async () => {
    const validator = newValidator()
    const miner = newMiner()
    const axon = await listening(miner)
    const dead = Array.from({ length: 200 }, (_, i) => ({
      hotkey: signerOf(i + 3).hotkey,
      host: '127.0.0.1',
      port: axon.port,
    }))
    const watching = await start({ validator })
    await validator.setMiners([...dead, axon])
    await validator.query(axon, Echo, {})
    const { text } = await ask(watching, '/now.json')
    const { miners, minersKnown } = JSON.parse(text).validator
    expect(minersKnown).toBe(201)
    expect(miners).toHaveLength(50)
    expect(miners[0].hotkey).toBe(miner.hotkey)
    expect(text.length).toBeLessThan(25_000)
  })
})
