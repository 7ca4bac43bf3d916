/**
 * What idle connections cost a listener, and what is left when they come and go: run with --expose-gc; prints a line of
 * JSON. The listener is a process of its own, so that its memory is its own.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createCertificate } from '../../dist/transport/certificate.js'
import { defaultQuicOptions } from '../../dist/transport/quic-options.js'
import { loadQuinn } from '../../dist/transport/quinn/engine.js'

const CROWD = 1000
const ROUNDS = 5
/** The engine gives memory back ten seconds after it did so before. */
const PATIENCE_MS = 30_000
const quic = { ...defaultQuicOptions, idleTimeoutMs: 600_000, keepAliveMs: 300_000 }
const engine = loadQuinn()

async function listen() {
  const answer = (stream) => {
    stream.events = { onBytes: () => {}, onEnd: () => stream.end(Buffer.from('!')), onReset: () => {} }
  }
  const listener = await engine.listen({
    host: '127.0.0.1',
    port: 0,
    certificate: createCertificate(),
    quic,
    isKnownSource: () => true,
    halfOpenLimits: { newPerMinuteKnown: 65_536, perKnownSource: 512 },
    onConnection: (link) => {
      link.events = { onStream: answer }
      link.trust()
    },
  })
  process.on('message', () => {
    globalThis.gc()
    process.send({ connections: listener.connectionCount, rss: process.memoryUsage().rss })
  })
  process.send({ port: listener.address.port })
}

async function crowd() {
  const child = fork(fileURLToPath(import.meta.url), ['listen'], { execArgv: ['--expose-gc'] })
  const [{ port }] = await once(child, 'message')
  const now = async () => {
    child.send('now')
    return (await once(child, 'message'))[0]
  }
  /** When nobody comes or goes any more. */
  const settled = async (connections) => {
    for (;;) {
      const stand = await now()
      if (stand.connections === connections) return stand
      await setTimeout(50)
    }
  }
  const dialler = engine.dialler({ ...quic, maxPeerStreams: 0 })
  const dial = () =>
    new Promise((resolve, reject) => {
      let dialled
      const events = { onEstablished: () => resolve(dialled), onClosed: reject }
      dialler.dial({ host: '127.0.0.1', port }, events).then((link) => {
        dialled = link
      }, reject)
    })
  const ask = (link) =>
    new Promise((resolve, reject) => {
      link.openStream({ onBytes: () => {}, onEnd: resolve, onReset: reject }).end(Buffer.alloc(200))
    })
  const come = async (count) => {
    const links = []
    while (links.length < count) links.push(...(await Promise.all(Array.from({ length: 50 }, dial))))
    await Promise.all(links.map(ask))
    return links
  }
  const goes = (link) => link.close(0, 'gone')

  ;(await come(100)).forEach(goes)
  const empty = await settled(0)
  await come(CROWD)
  const full = await settled(CROWD)
  for (let round = 0; round < ROUNDS; round++) {
    ;(await come(CROWD)).forEach(goes)
    await settled(CROWD)
  }
  const until = performance.now() + PATIENCE_MS
  let after = await now()
  while (after.rss > full.rss * 1.1 && performance.now() < until) {
    await setTimeout(500)
    after = await now()
  }
  console.log(
    JSON.stringify({ eachKiB: (full.rss - empty.rss) / CROWD / 1024, growth: after.rss / full.rss }),
  )
  child.kill()
  process.exit(0)
}

if (process.argv[2] === 'listen') await listen()
else await crowd()
