import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import type { Listener } from '../../../src/transport/engine.js'
import type { LinkStream } from '../../../src/transport/link.js'
import { defaultQuicOptions } from '../../../src/transport/quic-options.js'
import { createConfig } from '../../../src/transport/quiche/config.js'
import type { Connection } from '../../../src/transport/quiche/connection.js'
import { connectNative } from '../../../src/transport/quiche/native.js'
import { MIN_INITIAL_DATAGRAM, QUIC_V1 } from '../../../src/transport/quiche/packet.js'
import { turn } from '../../support/frames.js'
import { type Client, dial, type Server, serve } from '../../support/quic-pair.js'
import { type Relay, relayTo } from '../../support/udp-relay.js'
import { seed, seeded } from '../../wire/seeded.js'
import { listen, until } from './raw-client.js'

vi.stubEnv('LEVIN_ENGINE', 'quiche')

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function server(): Promise<Server> {
  const started = await serve()
  closing.push(() => started.endpoint.close('server_shutdown'))
  return started
}

/** One that lets strangers reach the engine with their first datagram, as often as they like. */
async function unvalidated(): Promise<Listener> {
  const halfOpenLimits = { perSource: 65_536, newPerMinute: 65_536 }
  const endpoint = await listen({ validateAddress: false, halfOpenLimits })
  closing.push(() => endpoint.close('server_shutdown'))
  return endpoint
}

async function stranger(): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => socket.close())
  return socket
}

const sent = (socket: Socket, datagram: Uint8Array, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
  })

/** Counts what the engine is given on a connection. */
function watch(connection: Connection): { datagrams: number } {
  const seen = { datagrams: 0 }
  const { native } = connection
  const recv = native.recv.bind(native)
  Object.defineProperty(native, 'recv', {
    value: (...given: Parameters<typeof recv>) => {
      seen.datagrams++
      return recv(...given)
    },
  })
  return seen
}

async function relayed(started: Server): Promise<{ client: Client; relay: Relay }> {
  const relay = await relayTo(started.port)
  const client = await dial(relay.port)
  closing.push(async () => {
    client.link.close(0, 'done')
    await vi.waitUntil(() => started.closed.length > 0)
    relay.close()
  })
  return { client, relay }
}

describe('a connection is pinned to the address that it came from', () => {
  test('a datagram of it from a second port never reaches the engine', async () => {
    const started = await server()
    const { client, relay } = await relayed(started)
    await client.ask(Buffer.from('one'))
    const seen = watch(started.links[0] as Connection)
    const other = await stranger()
    const replayed = relay.fromClient.at(-1)!
    for (let i = 0; i < 100; i++) await sent(other, replayed, started.port)
    // Datagrams of one host arrive in order: the honest one that follows shows that the others were looked at.
    expect((await client.ask(Buffer.from('two'))).toString()).toBe('two')
    const honest = relay.fromClient.length
    expect(seen.datagrams).toBeGreaterThan(0)
    expect(seen.datagrams).toBeLessThanOrEqual(honest)
    expect(seen.datagrams).toBeLessThan(100)
  })

  test('the same datagram from the pinned port does reach it', async () => {
    const started = await server()
    const { client, relay } = await relayed(started)
    await client.ask(Buffer.from('one'))
    const seen = watch(started.links[0] as Connection)
    for (let i = 0; i < 100; i++) relay.sendAsClient(relay.fromClient.at(-1)!)
    expect((await client.ask(Buffer.from('two'))).toString()).toBe('two')
    expect(seen.datagrams).toBeGreaterThan(100)
  })
})

describe('what does not start a connection', () => {
  /** A datagram with the header of an Initial. */
  function initial(length: number, dcid: Buffer, version = QUIC_V1): Buffer {
    const header = Buffer.concat([
      Buffer.from([0xc3, 0, 0, 0, 0, dcid.length]),
      dcid,
      Buffer.from([8]),
      Buffer.alloc(8, 1),
    ])
    header.writeUInt32BE(version, 1)
    return Buffer.concat([header, Buffer.alloc(length - header.length)])
  }
  const dcid = Buffer.alloc(8, 9)

  test.each([
    ['an Initial of 1,199 bytes', initial(MIN_INITIAL_DATAGRAM - 1, dcid)],
    ['an id of 7 bytes', initial(MIN_INITIAL_DATAGRAM, dcid.subarray(1))],
    ['a short packet of an unknown connection', Buffer.alloc(1300, 0x40)],
    ['a Handshake packet', Buffer.concat([Buffer.from([0xe3]), initial(1300, dcid).subarray(1)])],
  ])('%s leaves no trace', async (_name, datagram) => {
    const started = await server()
    await sent(await stranger(), datagram, started.port)
    const client = await dial(started.port)
    closing.push(() => client.link.close(0, 'done'))
    expect(started.endpoint.connectionCount).toBe(1)
  })

  /** What a client of its own sends first. */
  function genuineInitial(port: number): Buffer {
    const config = createConfig({ ...defaultQuicOptions, maxPeerStreams: 0 })
    const native = connectNative(
      randomBytes(8),
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port },
      config,
    )
    const packet = Buffer.alloc(1350)
    return packet.subarray(0, native.send(packet)![0])
  }

  test('a genuine Initial does start one, where addresses are not validated', async () => {
    const endpoint = await unvalidated()
    const { port } = endpoint.address
    await sent(await stranger(), genuineInitial(port), port)
    const client = await dial(port)
    closing.push(() => client.link.close(0, 'done'))
    expect(endpoint.connectionCount).toBe(2)
  })

  test('another version is answered with the one that there is', async () => {
    const started = await server()
    const socket = await stranger()
    const answered = once(socket, 'message')
    await sent(socket, initial(MIN_INITIAL_DATAGRAM, dcid, 0x0a1a2a3a), started.port)
    const [answer] = (await answered) as [Buffer]
    expect(answer.readUInt32BE(1)).toBe(0)
    expect(answer.readUInt32BE(answer.length - 4)).toBe(QUIC_V1)
    expect(answer.length).toBeLessThan(MIN_INITIAL_DATAGRAM)
    expect(started.endpoint.connectionCount).toBe(0)
  })

  test('strangers take at most 320 places, and none from who is in', async () => {
    const endpoint = await unvalidated()
    const { port } = endpoint.address
    const client = await dial(port)
    closing.push(() => client.link.close(0, 'done'))
    const socket = await stranger()
    for (let i = 0; i < 400; i++) {
      await sent(socket, genuineInitial(port), port)
      if (i % 20 === 0) expect((await client.ask(Buffer.from('in'))).toString()).toBe('in')
    }
    expect((await client.ask(Buffer.from('in'))).toString()).toBe('in')
    expect(endpoint.connectionCount).toBe(1 + 320)
  })
})

describe('a client', () => {
  test('gives up at once where the server has another version', async () => {
    const socket = await stranger()
    socket.on('message', (datagram, from) => {
      const dcidLength = datagram[5]!
      const dcid = datagram.subarray(6, 6 + dcidLength)
      const scid = datagram.subarray(7 + dcidLength, 7 + dcidLength + datagram[6 + dcidLength]!)
      const answer = Buffer.concat([
        Buffer.from([0x80, 0, 0, 0, 0, scid.length]),
        scid,
        Buffer.from([dcid.length]),
        dcid,
        Buffer.from('0a1a2a3a', 'hex'),
      ])
      socket.send(answer, from.port, from.address)
    })
    await expect(dial(socket.address().port)).rejects.toMatchObject({ by: 'failed' })
  })
})

test.each([
  ['with', server],
  [
    'without',
    async () => {
      const endpoint = await unvalidated()
      return { port: endpoint.address.port }
    },
  ],
] as const)(
  '100,000 hostile datagrams crash nothing %s address validation, and who is in does not notice',
  {
    timeout: 120_000,
  },
  async (_with, start) => {
    const random = seeded(seed)
    console.log(`LEVIN_SEED=${seed}`)
    const started = await start()
    const relay = await relayTo(started.port)
    const client = await dial(relay.port)
    closing.push(
      () => relay.close(),
      () => client.link.close(0, 'done'),
    )
    await client.ask(Buffer.from('before'))
    const honest = relay.fromClient.slice()
    const other = await stranger()

    const noise = (length: number): Buffer => random.bytes(length)
    const hostile = (): Buffer => {
      switch (random.int(5)) {
        case 0:
          return noise(4 + random.int(1400))
        case 1: {
          const initial = noise(1200 + random.int(200))
          initial[0] = 0xc0 | random.int(16)
          initial.writeUInt32BE(QUIC_V1, 1)
          initial[5] = random.int(22)
          return initial
        }
        case 2: {
          const ofAnotherVersion = Buffer.from(honest[0]!)
          ofAnotherVersion.writeUInt32BE(random.int(2 ** 32), 1)
          return ofAnotherVersion
        }
        default: {
          const mutated = Buffer.from(honest[random.int(honest.length)]!)
          for (let i = random.int(8); i >= 0; i--) mutated[random.int(mutated.length)] = random.int(256)
          return mutated.subarray(0, random.int(10) === 0 ? random.int(mutated.length) : mutated.length)
        }
      }
    }
    for (let i = 0; i < 100_000; i++) {
      const datagram = hostile()
      if (i % 2 === 0) relay.sendAsClient(datagram)
      else other.send(datagram, started.port, '127.0.0.1')
      if (i % 100 === 0) expect((await client.ask(Buffer.from(`${i}`))).toString()).toBe(`${i}`)
    }
    expect((await client.ask(Buffer.from('after'))).toString()).toBe('after')
  },
)

test('close waits as long as it is told for what was written to arrive', async () => {
  const clock = new FakeClock()
  const answer = randomBytes(3 * 1024 * 1024)
  const endpoint = await listen({
    clock,
    onConnection: (link) => {
      link.events = {
        onStream: (stream) => {
          stream.events = { onBytes: () => {}, onEnd: () => stream.end(answer), onReset: () => {} }
        },
      }
    },
  })
  const client = await dial(endpoint.address.port)
  closing.push(() => client.link.close(0, 'client_shutdown'))
  const chunks: Buffer[] = []
  let reader!: LinkStream
  const received = new Promise<void>((resolve, reject) => {
    const onBytes = (bytes: Uint8Array): void => {
      chunks.push(Buffer.from(bytes))
      if (chunks.length === 1) reader.pause()
    }
    reader = client.link.openStream({ onBytes, onEnd: resolve, onReset: reject })!
  })
  reader.end(Buffer.from('?'))
  await until(() => chunks.length > 0)
  const closed = endpoint.close('server_shutdown', 5000)
  clock.advance(4999)
  await turn()
  expect(client.link.closed).toBeUndefined()
  reader.resume()
  await received
  await closed
  expect(Buffer.concat(chunks).equals(answer)).toBe(true)
  expect(await client.closed).toMatchObject({ reason: 'server_shutdown' })
})
