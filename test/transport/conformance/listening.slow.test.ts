/** Who gets in, from where, and what those are told who do not. */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { createCertificate } from '../../../src/transport/certificate.js'
import type { CloseInfo } from '../../../src/transport/link.js'
import { defaultQuicOptions } from '../../../src/transport/quic-options.js'
import { echo } from '../../support/quic-pair.js'
import { relayTo } from '../../support/udp-relay.js'
import { atEnd, dial, onAllPairs, onQuicPairs, until } from './pairs.js'

/** This machine's own address on a link, with its zone; undefined where it has none. */
function neighbour(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const own = addresses?.find(({ address }) => address.startsWith('fe80:'))
    if (own !== undefined) return `${own.address}%${name}`
  }
  return undefined
}

async function socketAt(port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

onQuicPairs('a listener', ({ meet, quic }) => {
  test.each([true, false])('answers, and validates addresses: %s', async (validateAddress) => {
    const { ask, listener } = await meet({ listen: { validateAddress } })
    expect((await ask(Buffer.from('in'))).toString()).toBe('in')
    expect(listener.stats()).toMatchObject({
      engine: quic.server.name,
      connections: 1,
      halfOpen: 0,
      retriesSent: validateAddress ? 1 : 0,
    })
  })

  test('is reached over IPv6', async () => {
    const { ask, client, server } = await meet({ listen: { host: '::1' } })
    expect((await ask(Buffer.from('six'))).toString()).toBe('six')
    expect([client.remote.host, server.remote.host]).toEqual(['::1', '::1'])
  })

  test('is reached by its neighbours, whose addresses have a zone', async (context) => {
    const host = neighbour()
    if (host === undefined) return context.skip()
    const { ask, server, listener } = await meet({ listen: { host } })
    expect((await ask(Buffer.from('near'))).toString()).toBe('near')
    expect([server.remote.host, listener.address.host]).toEqual([host, host])
  })

  test('takes nothing of a connection from another address', async () => {
    const made: { relay?: Awaited<ReturnType<typeof relayTo>> } = {}
    const { ask, listener } = await meet({
      via: async (port) => {
        const relay = await relayTo(port)
        made.relay = relay
        atEnd(() => relay.close())
        return relay.port
      },
    })
    await ask(Buffer.from('one'))
    const other = await socketAt(0)
    atEnd(() => other.close())
    const before = listener.stats().dropped.pinned
    const replayed = made.relay!.fromClient.at(-1)!
    for (let i = 0; i < 50; i++) other.send(replayed, listener.address.port, '127.0.0.1')
    await until(() => listener.stats().dropped.pinned - before === 50)
    expect((await ask(Buffer.from('two'))).toString()).toBe('two')
    expect(listener.connectionCount).toBe(1)
  })

  test('that refuses newcomers goes on with those who are in', async () => {
    const { ask, listener } = await meet()
    listener.refuseNew()
    const { port } = listener.address
    const dialler = quic.client.dialler({ ...defaultQuicOptions, maxPeerStreams: 0 })
    const told: CloseInfo[] = []
    const link = await dialler.dial({ host: '127.0.0.1', port }, { onClosed: (info) => told.push(info) })
    atEnd(() => {
      link.close(0, 'given up')
      dialler.close()
    })
    if (quic.server.name === 'quinn') {
      await until(() => told.length === 1)
      expect(told[0]).toMatchObject({ by: 'peer', code: 2, application: false }) // CONNECTION_REFUSED
      expect(listener.stats().refused).toBe(1)
    } else {
      await until(() => listener.stats().dropped.malformed === 1)
      expect(told).toEqual([])
    }
    expect((await ask(Buffer.from('still in'))).toString()).toBe('still in')
    expect(listener.connectionCount).toBe(1)
  })

  test('that was killed and started again tells its clients at once', async () => {
    const resetSecret = randomBytes(32)
    const made: { relay?: Awaited<ReturnType<typeof relayTo>> } = {}
    const { ask, listener, server, clientClosed } = await meet({
      listen: { resetSecret },
      via: async (port) => {
        const relay = await relayTo(port)
        made.relay = relay
        atEnd(() => relay.close())
        return relay.port
      },
    })
    const { port } = listener.address
    expect((await ask(Buffer.from('before'))).toString()).toBe('before')
    await server.flushed()
    made.relay!.goSilent() // a killed process says no farewell
    await listener.close('killed')
    await new Promise((resolve) => setTimeout(resolve, 20)) // the farewell that nobody is to hear
    const again = await quic.server.listen({
      host: '127.0.0.1',
      port,
      certificate: createCertificate(),
      quic: defaultQuicOptions,
      onConnection: () => {},
      resetSecret,
    })
    atEnd(() => again.close('done'))
    made.relay!.goOn()
    const start = performance.now()
    await expect(ask(Buffer.from('after'))).rejects.toThrow()
    expect(await clientClosed).toMatchObject({ by: 'failed', application: false })
    expect(performance.now() - start).toBeLessThan(2000)
    expect(again.stats()).toMatchObject({ connections: 0 })
    expect(again.stats().resetsSent).toBeGreaterThan(0)
  })

  test('sends stateless resets to a host ten times a second, whatever others are sent', async () => {
    const { listener } = await meet()
    const { port } = listener!.address
    const resets = () => listener!.stats().resetsSent
    const strays = async (host: string, count: number): Promise<number> => {
      const handled = () => resets() + listener!.stats().dropped.malformed
      const [before, handledBefore] = [resets(), handled()]
      const socket = createSocket('udp4').bind(0, host)
      await once(socket, 'listening')
      atEnd(() => socket.close())
      for (let i = 0; i < count; i++) {
        socket.send(Buffer.concat([Buffer.from([0x41]), randomBytes(59)]), port, '127.0.0.1')
      }
      await until(() => handled() - handledBefore === count)
      return resets() - before
    }
    const flood = await strays('127.0.0.2', 200)
    expect(flood).toBeGreaterThanOrEqual(10)
    expect(flood).toBeLessThan(100) // ten for each second that it took
    expect(await strays('127.0.0.3', 1)).toBe(1)
  })

  test('frees its port when it has closed', async () => {
    const { listener } = await meet()
    const { port } = listener.address
    await listener.close('done')
    await listener.close('done')
    ;(await socketAt(port)).close()
  })
})

onQuicPairs('a port', ({ meet, quic }) => {
  test('that is closed is told of at once', async () => {
    const socket = await socketAt(0)
    const { port } = socket.address()
    await new Promise<void>((resolve) => socket.close(() => resolve()))
    const start = performance.now()
    await expect(dial(quic.client, '127.0.0.1', port)).rejects.toMatchObject({
      by: 'failed',
      reason: `port ${port} of 127.0.0.1 is closed`,
    })
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test('that is taken cannot be listened on', async () => {
    const { listener } = await meet()
    const { port } = listener.address
    await expect(meet({ listen: { port } })).rejects.toMatchObject({ code: 'CONFIG' })
  })
})

onQuicPairs('a stranger', ({ meet }) => {
  const kilobytes = (count: number): Buffer => Buffer.alloc(count * 1000, 1)

  test('is cut off behind 96 KiB', async () => {
    const { ask, serverClosed } = await meet({ trusts: false })
    expect(await ask(kilobytes(60))).toHaveLength(60_000)
    const asked = ask(kilobytes(60))
    asked.catch(() => {})
    expect(await serverClosed).toMatchObject({ by: 'failed', application: false })
  })

  test('that is trusted later may send what it wants', async () => {
    const { ask, server } = await meet({ trusts: false })
    expect(await ask(kilobytes(60))).toHaveLength(60_000)
    server.trust()
    server.trust()
    expect(await ask(kilobytes(1000))).toHaveLength(1_000_000)
    expect(server.closed).toBeUndefined()
  })
})

onAllPairs('a peer that is trusted from the start', ({ meet }) => {
  test('may send what it wants', async () => {
    const { ask } = await meet({ onStream: echo })
    expect(await ask(Buffer.alloc(300_000))).toHaveLength(300_000)
  })
})
