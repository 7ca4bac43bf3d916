/**
 * Datagrams from all over 127.0.0.0/8: `flood.js --kind KIND --port P --rate DATAGRAMS-A-SECOND --count N --seed N`. Kinds:
 *
 *     byte     one byte
 *     noise    1 to 1,400 random bytes
 *     initial  random, but for the head of a first packet of QUIC version 1
 *     hello    first packets of clients of ours, which lack nothing but a token
 *     mutated  packets of a client of ours, changed here and there: from its own port, and from others
 *
 * Says what it sent as one line, and then goes on being there.
 */
import 'reflect-metadata'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { seedSigner, silentLogger, synapse, Validator } from 'levin'
import { option, seedOf } from '../interop/options.js'
import { type Relay, relayTo } from '../support/udp-relay.js'
import { seeded } from '../wire/seeded.js'
import type { Sent } from './means.js'

const SOCKETS = 100
/** First packets of clients of ours: each has an id of its own. */
const HELLOS = 20
/** A validator whose packets are changed. */
const SEED = 9
const INITIAL_BYTES = 1200
const MAX_BYTES = 1400
/** Of a first packet of version 1: where its destination id begins, and how long it is. */
const DCID_AT = 6
const DCID_BYTES = 8

const port = Number(option('port'))
const rate = Number(option('rate', '0'))
const count = Number(option('count'))
const kind = option('kind')
const random = seeded(Number(option('seed')))

const tally = { packets: 0, bytes: 0, received: 0, connections: 0, closed: 0 } satisfies Sent
const sockets = await Promise.all(Array.from({ length: SOCKETS }, bound))

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  socket.on('error', () => {}) // what the kernel says of a port that is closed
  socket.on('message', (answer) => {
    tally.received += answer.length
  })
  socket.bind(0, `127.${2 + random.int(250)}.${random.int(256)}.${1 + random.int(254)}`)
  await once(socket, 'listening')
  return socket
}

function initial(): Buffer {
  const datagram = noise(INITIAL_BYTES)
  datagram[0] = 0xc0 | random.int(16)
  datagram.writeUInt32BE(1, 1)
  datagram[5] = DCID_BYTES
  datagram[DCID_AT + DCID_BYTES] = 8
  datagram[DCID_AT + DCID_BYTES + 1 + 8] = 0 // no token
  return datagram
}

/** Drawn from a block of noise, since to draw each byte costs more than to send it. */
const block = random.bytes(1 << 16)
function noise(size: number): Buffer {
  const at = random.int(block.length - size)
  return Buffer.from(block.subarray(at, at + size))
}

/** What a client of ours sends first. */
async function captured(): Promise<Buffer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const signer = seedSigner(seedOf(SEED))
  const validator = new Validator({ signer, logger: silentLogger })
  const connecting = validator
    .connect({ hotkey: signer.hotkey, host: '127.0.0.1', port: socket.address().port })
    .catch(() => {})
  const [datagram] = (await once(socket, 'message')) as [Buffer]
  validator.close()
  await connecting
  socket.close()
  return datagram
}

/** Packets of an honest connection, which goes on meanwhile. */
async function mutations(): Promise<{ next(): Buffer; relay: Relay }> {
  const relay = await relayTo(port)
  const validator = new Validator({ signer: seedSigner(seedOf(SEED)), logger: silentLogger })
  const axon = { hotkey: seedSigner(seedOf(1)).hotkey, host: '127.0.0.1', port: relay.port }
  const connection = await validator.connect(axon)
  for (let n = 0; n < 20; n++)
    await connection.query(synapse('echo', {}), { payload: random.bytes(random.int(3000)) })
  const honest = relay.fromClient.slice()
  const next = (): Buffer => {
    const mutated = Buffer.from(random.pick(honest))
    for (let n = random.int(8); n >= 0; n--) mutated[random.int(mutated.length)] = random.int(256)
    return mutated.subarray(0, random.int(8) === 0 ? 1 + random.int(mutated.length) : mutated.length)
  }
  return { next, relay }
}

async function source(): Promise<() => Buffer> {
  if (kind === 'byte') return () => noise(1)
  if (kind === 'noise') return () => noise(1 + random.int(MAX_BYTES))
  if (kind === 'initial') return initial
  if (kind === 'mutated') {
    const { next, relay } = await mutations()
    return () => {
      const datagram = next()
      // every second one as the client itself
      if (random.int(2) === 0) return datagram
      tally.packets++
      tally.bytes += datagram.length
      relay.sendAsClient(datagram)
      return next()
    }
  }
  const hellos: Buffer[] = []
  while (hellos.length < HELLOS) hellos.push(await captured())
  return () => random.pick(hellos)
}

const next = await source()
const begin = performance.now()
while (tally.packets < count) {
  const due = rate === 0 ? count : Math.min(count, ((performance.now() - begin) * rate) / 1000)
  // a hundred at a time, each sent before the next hundred is made
  const sending: Promise<unknown>[] = []
  for (let n = 0; n < 100 && tally.packets < due; n++) {
    const datagram = next()
    tally.packets++
    tally.bytes += datagram.length
    const socket = random.pick(sockets)
    sending.push(new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve)))
  }
  await Promise.all(sending)
  if (tally.packets >= due) await new Promise((resolve) => setTimeout(resolve, 1))
}
const seconds = (performance.now() - begin) / 1000
const notes = [`${(tally.packets / seconds).toFixed(0)} datagrams a second`]
console.log(JSON.stringify({ ...tally, notes } satisfies Sent))
