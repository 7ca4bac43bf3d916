/** A defect in the engine costs its endpoint, and nothing else. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { createCertificate } from '../../../src/transport/certificate.js'
import type { Link } from '../../../src/transport/link.js'
import { defaultPeerLimits } from '../../../src/transport/peer-limits.js'
import { defaultQuicOptions } from '../../../src/transport/quic-options.js'
import { QuinnDialler } from '../../../src/transport/quinn/dialler.js'
import { Host } from '../../../src/transport/quinn/host.js'
import { QuinnListener } from '../../../src/transport/quinn/listener.js'
import { echo } from '../../support/quic-pair.js'
import { describeQuinn } from '../../support/quinn.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describeQuinn('a panic', (addon) => {
  const quic = { ...defaultQuicOptions, idleTimeoutMs: 2000, keepAliveMs: 100 }

  /** A listener whose every native call can be reached, and a client that is connected to it. */
  async function pair() {
    const failures: string[] = []
    const closed: string[] = []
    let native!: Host['native']
    const watched = {
      ...addon,
      Engine: class extends addon.Engine {
        constructor(...given: ConstructorParameters<typeof addon.Engine>) {
          super(...given)
          native = this
        }
      },
    }
    const listener = new QuinnListener(watched, {
      host: '127.0.0.1',
      port: 0,
      certificate: createCertificate(),
      quic,
      onConnection: (link) => {
        link.events = { onStream: echo, onClosed: ({ by, reason }) => closed.push(`${by}: ${reason}`) }
        link.trust()
      },
      onFailure: ({ message }) => failures.push(message),
    })
    closing.push(() => listener.close('server_shutdown'))
    const dialler = new QuinnDialler(addon, { ...quic, maxPeerStreams: 0 })
    closing.push(() => dialler.close())
    const link = await new Promise<Link>((resolve, reject) => {
      let dialled: Link
      const events = { onEstablished: () => resolve(dialled), onClosed: reject }
      dialler.dial(listener.address, events).then((made) => {
        dialled = made
      }, reject)
    })
    const ask = (bytes: Uint8Array): Promise<string> =>
      new Promise((resolve) => {
        const chunks: Buffer[] = []
        const stream = link.openStream({
          onBytes: (chunk) => chunks.push(Buffer.from(chunk)),
          onEnd: () => resolve(Buffer.concat(chunks).toString()),
          onReset: resolve,
        })
        stream?.end(bytes)
      })
    return { native, failures, closed, listener, ask }
  }

  test.each([
    ['the socket', 1],
    ['the moment before the loop sleeps', 2],
    ['the timer', 3],
    ['a call', 4],
  ] as const)('in %s closes its endpoint, which tells, and no other', async (_entry, entry) => {
    const other = await pair()
    const broken = await pair()
    expect(await broken.ask(Buffer.from('before'))).toBe('before')
    broken.native.panicIn(entry)
    const answer = broken.ask(Buffer.alloc(entry === 4 ? 100_000 : 1, 'x'))
    while (broken.failures.length === 0) {
      if (entry === 4) broken.native.refuseNew()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(broken.failures).toEqual(['the engine panicked: a test asked for it'])
    expect(broken.closed).toEqual(['failed: the engine panicked: a test asked for it'])
    expect(broken.listener.connectionCount).toBe(0)
    expect(await other.ask(Buffer.from('after'))).toBe('after')
    // The peer hears nothing, and gives up by its own limit; a newcomer takes the port.
    expect(await answer).toMatch(/idle timeout|restarted|closed|^x+$/)
    const again = new Host(addon, hostOptions(broken.listener.address.port), {})
    closing.push(() => again.close())
    expect(again.native.port).toBe(broken.listener.address.port)
  })

  const hostOptions = (port: number) => ({
    host: '127.0.0.1',
    port,
    idleTimeoutMs: 1000,
    keepAliveMs: 500,
    streamWindow: 100_000,
    maxStreams: 0,
    ...defaultPeerLimits,
    validate: false,
    filters: false,
  })
})

describeQuinn('an environment that ends with endpoints open', (_addon) => {
  const script = fileURLToPath(new URL('../../support/busy-worker.mjs', import.meta.url))

  test('takes nothing else down, 20 times over', async () => {
    const outside = await run(script, 'workers', '20')
    expect(outside).toEqual({ code: 0, said: ['20 workers ended, and here all goes on'] })
  })

  test('ends by itself when its validator and its miner are closed', async () => {
    expect(await run(script, 'closes')).toEqual({ code: 0, said: ['closed'] })
  })

  test('ends by itself when its validator alone is closed, and nobody listens', async () => {
    expect(await run(script, 'refused')).toEqual({ code: 0, said: ['CANNOT_CONNECT'] })
  })
})

async function run(script: string, ...given: string[]): Promise<{ code: number | null; said: string[] }> {
  const child = spawn(process.execPath, [script, ...given], {
    env: { ...process.env, LEVIN_ENGINE: 'quinn' },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, said: said.trim().split('\n') }
}
