/** What an endpoint lets through to the QUIC engine, and at what price: real sockets on loopback. */
import { randomBytes } from 'node:crypto'
import { createSocket, Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/clock.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import type { Listener, ListenOptions } from '../../../src/transport/engine.js'
import type { Link } from '../../../src/transport/link.js'
import { connectNative } from '../../../src/transport/quiche/native.js'
import { MIN_INITIAL_DATAGRAM } from '../../../src/transport/quiche/packet.js'
import { StatelessResets } from '../../../src/transport/quiche/stateless-reset.js'
import { type Client, dial, echo } from '../../support/quic-pair.js'
import { clientConfig, listen, RawClient, until } from './raw-client.js'

vi.stubEnv('LEVIN_ENGINE', 'quiche')

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function listening(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const endpoint = await listen(options)
  closing.push(() => endpoint.close('server_shutdown'))
  return endpoint
}

async function raw(endpoint: Listener, host?: string): Promise<RawClient> {
  const client = await RawClient.to(endpoint.address.port, host)
  closing.push(() => client.close())
  return client
}

async function dialled(port: number): Promise<Client> {
  const client = await dial(port)
  closing.push(() => client.link.close(0, 'done'))
  return client
}

/** Sends, and waits until the endpoint has looked at it. */
async function sent(endpoint: Listener, client: RawClient, ...datagrams: Uint8Array[]): Promise<void> {
  const before = endpoint.stats().datagramsIn
  for (const datagram of datagrams) await client.send(datagram)
  await until(() => endpoint.stats().datagramsIn === before + datagrams.length)
}

const dropped = (endpoint: Listener) =>
  Object.fromEntries(Object.entries(endpoint.stats().dropped).filter(([, count]) => count > 0))

const TYPE_RETRY = 0xf0

describe('address validation', () => {
  test('costs our own client one Retry, and nothing else', async () => {
    const endpoint = await listening()
    const client = await dialled(endpoint.address.port)
    expect((await client.ask(Buffer.from('hello'))).toString()).toBe('hello')
    expect(endpoint.stats()).toMatchObject({ connections: 1, halfOpen: 0, retriesSent: 1, resetsSent: 0 })
    expect(dropped(endpoint)).toEqual({})
  })

  test('is not done when it is switched off', async () => {
    const endpoint = await listening({ validateAddress: false })
    const client = await dialled(endpoint.address.port)
    expect((await client.ask(Buffer.from('hello'))).toString()).toBe('hello')
    expect(endpoint.stats()).toMatchObject({ connections: 1, halfOpen: 0, retriesSent: 0 })
  })

  test('keeps no state for the Initial that it answers, and the Retry names the id of the connection', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    const again = await client.initialWithToken()
    const retry = client.received[0]!
    expect(retry[0]! & TYPE_RETRY).toBe(TYPE_RETRY)
    expect(retry.length).toBeLessThanOrEqual(MIN_INITIAL_DATAGRAM / 10)
    expect(endpoint.stats()).toMatchObject({ connections: 0, halfOpen: 0, retriesSent: 1 })
    await sent(endpoint, client, again)
    expect(endpoint.stats()).toMatchObject({ connections: 1, halfOpen: 1, retriesSent: 1 })
    await client.establish()
    expect(again.subarray(6, 14).equals(client.native.destinationId())).toBe(true)
  })

  test('answers a token that it never gave with a Retry', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    const initial = client.next()!
    const token = Buffer.from('from another server')
    // Behind the ids, of 16 and of 8 bytes, is the length of the token.
    const foreign = Buffer.concat([initial.subarray(0, 31), Buffer.from([token.length]), token, initial])
    await sent(endpoint, client, foreign.subarray(0, MIN_INITIAL_DATAGRAM))
    expect(endpoint.stats()).toMatchObject({ connections: 0, retriesSent: 1 })
    expect(dropped(endpoint)).toEqual({})
  })

  test('drops a token of its own that comes from another port or host, or was changed', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    const initial = await client.initialWithToken()
    await sent(endpoint, await raw(endpoint), initial)
    await sent(endpoint, await raw(endpoint, '127.0.0.2'), initial)
    const changed = Buffer.from(initial)
    changed[6 + 8 + 1 + 8 + 1 + 20]! ^= 1
    await sent(endpoint, client, changed)
    expect(dropped(endpoint)).toEqual({ badToken: 3 })
    expect(endpoint.stats()).toMatchObject({ connections: 0, retriesSent: 1 })
    await sent(endpoint, client, initial)
    expect(endpoint.stats().connections).toBe(1)
  })

  test('10,000 spoofed Initials bring back a tenth of their bytes at most, and leave nothing behind', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    const template = client.next()!
    const start = endpoint.stats()
    for (let batch = 0; batch < 200; batch++) {
      const initials = Array.from({ length: 50 }, () => {
        const initial = Buffer.from(template)
        randomBytes(16).copy(initial, 6)
        return initial
      })
      await sent(endpoint, client, ...initials)
    }
    const { bytesIn, bytesOut, retriesSent, connections, halfOpen } = endpoint.stats()
    expect(start.bytesIn).toBe(0)
    expect(bytesIn).toBe(10_000 * 1200)
    expect(bytesOut).toBeLessThanOrEqual(bytesIn / 10)
    expect({ retriesSent, connections, halfOpen }).toEqual({
      retriesSent: 10_000,
      connections: 0,
      halfOpen: 0,
    })
  })
})

describe('the filter of sources', () => {
  test('keeps every datagram of a refused host from the engine, and lets the others in', async () => {
    const asked: string[] = []
    const endpoint = await listening({
      admitsSource: (host) => {
        asked.push(host)
        return host !== '127.0.0.2'
      },
    })
    const refused = await raw(endpoint, '127.0.0.2')
    await sent(
      endpoint,
      refused,
      refused.next()!,
      Buffer.alloc(60, 0x40),
      Buffer.alloc(1200, 0xff),
      Buffer.alloc(1),
    )
    expect(dropped(endpoint)).toEqual({ filtered: 4 })
    expect(endpoint.stats()).toMatchObject({ datagramsOut: 0, connections: 0 })
    expect(asked).toEqual(Array(4).fill('127.0.0.2'))
    const client = await dialled(endpoint.address.port)
    expect((await client.ask(Buffer.from('hello'))).toString()).toBe('hello')
  })

  test('is not asked for who has a connection', async () => {
    let asked = 0
    const endpoint = await listening({
      admitsSource: () => {
        asked++
        return true
      },
    })
    const client = await dialled(endpoint.address.port)
    const toConnect = asked
    for (let i = 0; i < 5; i++) await client.ask(Buffer.from('hello'))
    expect(asked).toBe(toConnect)
    expect(asked).toBe(2)
  })
})

describe('half-open connections', () => {
  /** Brings a token back and then says no more. */
  async function halfOpen(endpoint: Listener, host: string): Promise<void> {
    const client = await raw(endpoint, host)
    await sent(endpoint, client, await client.initialWithToken())
  }

  test('8 of an IP are kept; the next is dropped and counted; another IP gets in', async () => {
    const endpoint = await listening()
    for (let i = 0; i < 8; i++) await halfOpen(endpoint, '127.0.0.2')
    expect(dropped(endpoint)).toEqual({})
    await halfOpen(endpoint, '127.0.0.2')
    expect(dropped(endpoint)).toEqual({ tooManyFromIp: 1 })
    await halfOpen(endpoint, '127.0.0.3')
    expect(endpoint.stats()).toMatchObject({ connections: 9, halfOpen: 9 })
  })

  test('a place is free again when TLS is done, and when the connection is gone', async () => {
    const endpoint = await listening({ halfOpenLimits: { perSource: 1 } })
    const first = await raw(endpoint)
    await first.establish()
    await until(() => endpoint.stats().halfOpen === 0)
    const second = await raw(endpoint)
    await sent(endpoint, second, await second.initialWithToken())
    expect(endpoint.stats()).toMatchObject({ connections: 2, halfOpen: 1 })
    // Too many bytes before TLS is done: the server forgets the connection.
    const garbage = Buffer.concat([
      Buffer.from([0xe3, 0, 0, 0, 1, 8]),
      second.native.destinationId(),
      Buffer.alloc(1186),
    ])
    for (let i = 0; i < 30 && endpoint.stats().halfOpen > 0; i++) await sent(endpoint, second, garbage)
    expect(endpoint.stats()).toMatchObject({ connections: 1, halfOpen: 0 })
    const third = await raw(endpoint)
    await third.establish()
    expect(dropped(endpoint)).not.toHaveProperty('tooManyFromIp')
  })

  test('30 a minute and IP, and 600 when the owner vouches for it', async () => {
    const endpoint = await listening({
      isKnownSource: (host) => host === '127.0.0.3',
      halfOpenLimits: { perSource: 1000, perKnownSource: 1000 },
    })
    for (let i = 0; i < 31; i++) await halfOpen(endpoint, '127.0.0.2')
    expect(dropped(endpoint)).toEqual({ tooManyFromIp: 1 })
    for (let i = 0; i < 31; i++) await halfOpen(endpoint, '127.0.0.3')
    expect(dropped(endpoint)).toEqual({ tooManyFromIp: 1 })
    expect(endpoint.stats()).toMatchObject({ connections: 61, halfOpen: 61 })
  })

  test('more than fit in all are dropped before a Retry is spent on them', async () => {
    const endpoint = await listening({ halfOpenLimits: { total: 2 } })
    await halfOpen(endpoint, '127.0.0.2')
    await halfOpen(endpoint, '127.0.0.3')
    const third = await raw(endpoint, '127.0.0.4')
    await sent(endpoint, third, third.next()!)
    expect(dropped(endpoint)).toEqual({ halfOpenFull: 1 })
    expect(endpoint.stats()).toMatchObject({ connections: 2, retriesSent: 2 })
  })
})

/** A relay whose server can be away for a while. It tells nobody of it. */
class Relay {
  readonly #front = createSocket('udp4')
  readonly #back = createSocket('udp4')
  isOpen = true
  /** Datagrams to the client that did not pass. */
  swallowed = 0
  /** Bytes of each datagram to the client, since it was last emptied. */
  toClient: number[] = []

  async start(serverPort: number): Promise<number> {
    let client = { port: 0, address: '' }
    this.#front.on('message', (datagram, from) => {
      client = from
      if (this.isOpen) this.#back.send(datagram, serverPort, '127.0.0.1')
    })
    this.#back.on('message', (datagram) => {
      if (!this.isOpen) {
        this.swallowed++
        return
      }
      this.toClient.push(datagram.length)
      this.#front.send(datagram, client.port, client.address)
    })
    for (const socket of [this.#front, this.#back]) {
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
      closing.push(() => socket.close())
    }
    return this.#front.address().port
  }
}

describe('stateless reset', () => {
  const resetSecret = randomBytes(32)

  /** A client of an endpoint that was killed, whose port another one has now. */
  async function survivor(
    secretAfter: Uint8Array,
  ): Promise<{ client: Client; restarted: Listener; relay: Relay }> {
    let link!: Link
    const killed = await listen({
      resetSecret,
      onConnection: (established) => {
        link = established
        link.events = { onStream: echo }
      },
    })
    const { port } = killed.address
    const relay = new Relay()
    const client = await dialled(await relay.start(port))
    await client.ask(Buffer.from('before'))
    await link.flushed()
    relay.isOpen = false // a killed process says no farewell
    await killed.close('killed')
    await until(() => relay.swallowed > 0)
    const restarted = await listening({ port, resetSecret: secretAfter })
    relay.isOpen = true
    relay.toClient = []
    return { client, restarted, relay }
  }

  test('tells a client of a restart in answer to its next packet, and fails what it asked', async () => {
    const { client, restarted, relay } = await survivor(resetSecret)
    await expect(client.ask(Buffer.from('after'))).rejects.toThrow('lost the state of this connection')
    expect(await client.closed).toEqual({
      by: 'failed',
      code: 0,
      reason: 'the peer lost the state of this connection: it restarted',
      application: false,
    })
    expect(restarted.stats()).toMatchObject({
      resetsSent: 1,
      datagramsIn: 1,
      datagramsOut: 1,
      connections: 0,
    })
    expect(relay.toClient).toHaveLength(1)
  })

  test('means nothing to the client when the secret is another', async () => {
    const { client, restarted, relay } = await survivor(randomBytes(32))
    const asked = client.ask(Buffer.from('after'))
    asked.catch(() => {}) // the client closes the connection when the test is over
    await until(() => relay.toClient.length > 0)
    // Another datagram that the client gets after it: what it sends again is answered again.
    await until(() => restarted.stats().resetsSent > 1)
    expect(client.link.closed).toBeUndefined()
  })

  test('of one connection does not end another', async () => {
    const endpoint = await listening({ resetSecret })
    const [one, other] = [await raw(endpoint), await raw(endpoint)]
    await one.establish()
    await other.establish()
    await until(() => endpoint.stats().halfOpen === 0)
    const ofOne = Buffer.from(one.native.destinationId())
    const packet = Buffer.concat([Buffer.from([0x41]), ofOne, Buffer.alloc(50)])
    const afterwards = new StatelessResets(resetSecret, () => endpoint.address, systemClock)
    const reset = afterwards.answer(packet, '127.0.0.1')!
    expect(reset.length).toBeLessThan(packet.length)
    const path = {
      from: { host: '127.0.0.1', port: endpoint.address.port },
      to: { host: '127.0.0.1', port: one.socket.address().port },
    }
    other.native.recv(Buffer.from(reset), { ...path, to: { ...path.to, port: other.socket.address().port } })
    expect(other.native.isClosed()).toBe(false)
    one.native.recv(Buffer.from(reset), path)
    expect(one.native.isClosed()).toBe(true)
  })

  test('means nothing when it comes from another miner of the same hotkey', async () => {
    const [endpoint, sibling] = [await listening({ resetSecret }), await listening({ resetSecret })]
    const [client, asking] = [await raw(endpoint), await raw(sibling)]
    await client.establish()
    asking.native.recv = () => 0
    await sent(
      sibling,
      asking,
      Buffer.concat([Buffer.from([0x41]), client.native.destinationId(), Buffer.alloc(50)]),
    )
    await until(() => asking.received.length === 1)
    client.native.recv(Buffer.from(asking.received[0]!), {
      from: { host: '127.0.0.1', port: endpoint.address.port },
      to: { host: '127.0.0.1', port: client.socket.address().port },
    })
    expect(client.native.isClosed()).toBe(false)
  })

  test('is never sent for a connection that lives, whoever asks for it', async () => {
    const endpoint = await listening({ resetSecret })
    const client = await raw(endpoint)
    await client.establish()
    await until(() => endpoint.stats().halfOpen === 0)
    const packet = Buffer.concat([Buffer.from([0x41]), client.native.destinationId(), Buffer.alloc(50)])
    await sent(endpoint, await raw(endpoint), packet)
    await sent(endpoint, client, packet)
    expect(endpoint.stats()).toMatchObject({ resetsSent: 0, connections: 1, dropped: { pinned: 1 } })
  })

  test('goes out 10 times a second to one host', async () => {
    const now = { ms: 0 }
    const clock = { unixMs: () => 0, monotonicMs: () => now.ms, after: () => () => {} }
    const endpoint = await listening({ clock })
    const flood = Array.from({ length: 30 }, () => Buffer.concat([Buffer.from([0x41]), randomBytes(59)]))
    const [one, other] = [await raw(endpoint, '127.0.0.2'), await raw(endpoint, '127.0.0.3')]
    await sent(endpoint, one, ...flood)
    expect(endpoint.stats()).toMatchObject({ resetsSent: 10, dropped: { malformed: 20 } })
    await sent(endpoint, other, ...flood)
    expect(endpoint.stats()).toMatchObject({ resetsSent: 20, bytesOut: 20 * 42 })
    now.ms = 1000
    await sent(endpoint, one, ...flood)
    expect(endpoint.stats().resetsSent).toBe(30)
  })

  test.each([0, 31, 33])('a secret of %d bytes is refused when the endpoint is made', async (length) => {
    await expect(listen({ resetSecret: Buffer.alloc(length) })).rejects.toMatchObject({ code: 'CONFIG' })
  })
})

describe('what is counted', () => {
  test('adds up: every datagram and byte, both ways', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    let [datagrams, bytes] = [0, 0]
    const { send } = client
    client.send = (datagram) => {
      datagrams++
      bytes += datagram.length
      return send.call(client, datagram)
    }
    await client.establish()
    await until(() => endpoint.stats().datagramsIn === datagrams && endpoint.stats().halfOpen === 0)
    await until(() => client.received.length === endpoint.stats().datagramsOut)
    expect(endpoint.stats()).toMatchObject({
      connections: 1,
      bytesIn: bytes,
      bytesOut: client.received.reduce((sum, { length }) => sum + length, 0),
    })
    expect(dropped(endpoint)).toEqual({})
  })

  test('noise, of which there is nothing to answer, is malformed', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    const initial = client.next()!
    const shortId = Buffer.from(initial)
    shortId[5] = 7
    const cutToken = Buffer.from(initial)
    cutToken[31] = 0xff
    const noise = [
      Buffer.alloc(0),
      Buffer.alloc(1),
      Buffer.alloc(28, 0x40),
      Buffer.alloc(1300),
      Buffer.alloc(1199, 0xc0),
      initial.subarray(0, 1199),
      shortId,
      cutToken,
    ]
    await sent(endpoint, client, ...noise)
    expect(dropped(endpoint)).toEqual({ malformed: noise.length })
    expect(endpoint.stats()).toMatchObject({ connections: 0, datagramsOut: 0 })
  })

  test('what comes when nothing new is taken is malformed too', async () => {
    const endpoint = await listening()
    endpoint.refuseNew()
    const client = await raw(endpoint)
    await sent(endpoint, client, client.next()!)
    expect(dropped(endpoint)).toEqual({ malformed: 1 })
  })

  test('connection ids as long as another version may have are answered within what came', async () => {
    const endpoint = await listening()
    const client = await raw(endpoint)
    const ids = Buffer.concat([
      Buffer.from([255]),
      Buffer.alloc(255, 1),
      Buffer.from([255]),
      Buffer.alloc(255, 2),
    ])
    const packet = Buffer.concat([Buffer.from('c00a1a2a3a', 'hex'), ids, Buffer.alloc(1200 - 5 - ids.length)])
    const socket: Socket = client.socket
    socket.removeAllListeners('message')
    const answered = once(socket, 'message')
    await sent(endpoint, client, packet)
    const [answer] = (await answered) as [Buffer]
    expect(answer.subarray(5, 5 + ids.length)).toEqual(
      Buffer.concat([ids.subarray(256), ids.subarray(0, 256)]),
    )
    expect(answer.length).toBeLessThan(600)
  })
})

describe('an address that the engine cannot read', () => {
  /** What the endpoint does with a datagram from there: no loopback address is like that. */
  async function receiving(host: string) {
    const on = vi.spyOn(Socket.prototype, 'on')
    const endpoint = await listening({ host: '::1', validateAddress: false })
    const [, onMessage] = on.mock.calls.find(([event]) => event === 'message')!
    vi.restoreAllMocks()
    const [local, remote] = [
      { host: '::1', port: 1 },
      { host: '::1', port: endpoint.address.port },
    ]
    const client = connectNative(randomBytes(8), local, remote, clientConfig)
    const initial = Buffer.alloc(1350)
    const [length] = client.send(initial)!
    ;(onMessage as (...given: unknown[]) => void)(initial.subarray(0, length), { address: host, port: 4433 })
    return endpoint.stats()
  }

  test('with the zone of a neighbour (fe80::1%eth0) is read without it', async () => {
    expect(await receiving('fe80::1%lo')).toMatchObject({ connections: 1, halfOpen: 1 })
  })

  test('costs nothing else', async () => {
    const stats = await receiving('nonsense')
    expect(stats).toMatchObject({ connections: 0, halfOpen: 0, dropped: { malformed: 1 } })
  })
})

describe('the socket', () => {
  test.each(['localhost', 'miner.example', '', '127.0.0'])('is not bound to the name %j', async (host) => {
    await expect(listen({ host })).rejects.toMatchObject({
      code: 'CONFIG',
      message: `host is '${host}'; it is an IP address of this machine, and no name: '0.0.0.0' for all, '127.0.0.1' for tests`,
    })
  })

  test('is closed when its port is taken', async () => {
    const { port } = (await listening()).address
    const close = vi.spyOn(Socket.prototype, 'close')
    await expect(listen({ port })).rejects.toMatchObject({ code: 'CONFIG' })
    expect(close).toHaveBeenCalledOnce()
    vi.restoreAllMocks()
  })

  test('leaves no timer behind when it closes', async () => {
    const clock = new FakeClock()
    const endpoint = await listening({ clock })
    await endpoint.close('server_shutdown')
    expect(clock.pending).toBe(0)
  })
})
