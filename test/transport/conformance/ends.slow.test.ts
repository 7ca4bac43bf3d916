/** How a link ends, and what both ends hear of it. */
import { expect, test } from 'vitest'
import type { LinkEvents, LinkStream } from '../../../src/transport/link.js'
import type { QuicOptions } from '../../../src/transport/quic-options.js'
import { relayTo } from '../../support/udp-relay.js'
import {
  atEnd,
  dial,
  KIB,
  MIB,
  NOBODY,
  onAllPairs,
  onQuicPairs,
  type Pair,
  pattern,
  Received,
  until,
} from './pairs.js'

onAllPairs('a link that is closed', ({ meet }) => {
  test('by the server tells the client code and reason', async () => {
    const { server, clientClosed, serverClosed } = await meet()
    server.close(7, 'replaced')
    server.close(8, 'closed again')
    expect(await clientClosed).toEqual({ by: 'peer', code: 7, reason: 'replaced', application: true })
    expect(await serverClosed).toEqual({ by: 'local', code: 7, reason: 'replaced', application: true })
  })

  test('by the client tells the server code and reason', async () => {
    const { client, clientClosed, serverClosed, ask } = await meet()
    await ask(Buffer.from('in')) // so that both ends are done with TLS, and know that the other one is
    client.close(0, 'größer als Ascii')
    expect(await serverClosed).toEqual({ by: 'peer', code: 0, reason: 'größer als Ascii', application: true })
    expect(await clientClosed).toEqual({
      by: 'local',
      code: 0,
      reason: 'größer als Ascii',
      application: true,
    })
  })

  test('ends every stream before it is told itself, and nothing comes after', async () => {
    const told: string[] = []
    const { server, open } = await meet({
      onStream: (stream) => {
        stream.events = { ...NOBODY, onBytes: () => stream.write(Buffer.from('first')) }
      },
      clientEvents: {
        onEstablished: () => told.push('established'),
        onStreamSlot: () => told.push('slot'),
        onClosed: ({ reason }) => told.push(`closed: ${reason}`),
      },
    })
    let heard = 0
    for (let i = 0; i < 2; i++) {
      const stream = await open({
        onBytes: () => heard++,
        onEnd: () => told.push('end'),
        onReset: (reason) => told.push(`${i} reset: ${reason}`),
      })
      stream.write(Buffer.from('?'))
    }
    await until(() => heard === 2)
    server.close(0, 'server_shutdown')
    await until(() => told.length >= 4)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([
      'established',
      '0 reset: server_shutdown',
      '1 reset: server_shutdown',
      'closed: server_shutdown',
    ])
  })

  test('opens no stream, is flushed, and takes every call', async () => {
    const { client, open } = await meet()
    const stream = await open()
    client.close(0, 'done')
    expect(client.openStream(NOBODY)).toBeUndefined()
    await client.flushed()
    stream.write(Buffer.from('late'))
    stream.pause()
    stream.resume()
    stream.end()
    stream.reset()
    client.trust()
    client.close(0, 'again')
    expect(client.closed).toMatchObject({ by: 'local', reason: 'done' })
  })

  test('from within a stream tells of no further one', async () => {
    let streams = 0
    const { ask } = await meet({
      onStream: (_stream, link) => {
        streams++
        link.close(0, 'cleanup')
      },
    })
    await Promise.all(Array.from({ length: 20 }, () => ask(Buffer.from('?')).catch(() => {})))
    expect(streams).toBe(1)
  })
})

onQuicPairs('the identity of a server', ({ meet }) => {
  test('is shown to the client', async () => {
    const { client, server } = await meet()
    expect(client.peerCertificate?.length).toBeGreaterThan(100)
    expect(server.peerCertificate).toBeUndefined()
  })
})

/** A relay between both ends of a meeting, that can stop. */
async function relayed(meet: Pair['meet'], quic: Partial<QuicOptions>, clientEvents: LinkEvents = {}) {
  const made: { relay?: Awaited<ReturnType<typeof relayTo>> } = {}
  const via = async (port: number): Promise<number> => {
    const relay = await relayTo(port)
    made.relay = relay
    atEnd(() => relay.close())
    return relay.port
  }
  const meeting = await meet({ via, quic, clientEvents })
  return { meeting, relay: made.relay! }
}

onQuicPairs('silence', ({ meet }) => {
  test('is noticed by both ends', async () => {
    const { meeting, relay } = await relayed(meet, { idleTimeoutMs: 300, keepAliveMs: 299 })
    expect((await meeting.ask(Buffer.from('heard'))).toString()).toBe('heard')
    relay.goSilent()
    expect(await meeting.clientClosed).toMatchObject({ by: 'idle', application: false })
    expect(await meeting.serverClosed).toMatchObject({ by: 'idle', application: false })
  })

  test('of a peer that has something to acknowledge is told, and its end, long before the idle timeout', async () => {
    const told: boolean[] = []
    const quic = { idleTimeoutMs: 60_000, keepAliveMs: 59_999 }
    const { meeting, relay } = await relayed(meet, quic, { onSilence: (isSilent) => told.push(isSilent) })
    await meeting.ask(Buffer.from('heard'))
    relay.goSilent()
    const answer = meeting.ask(Buffer.from('not heard yet'))
    await until(() => told.length > 0)
    relay.goOn()
    expect((await answer).toString()).toBe('not heard yet')
    expect(told).toEqual([true, false])
  })

  test('of a peer that has nothing to acknowledge is nothing to tell', async () => {
    const told: boolean[] = []
    let asked: LinkStream | undefined
    const { open } = await meet({
      onStream: (stream) => {
        asked = stream
        stream.events = NOBODY
      },
      clientEvents: { onSilence: (isSilent) => told.push(isSilent) },
    })
    const received = new Received()
    const stream = await open(received)
    stream.end(Buffer.from('takes its time'))
    const began = performance.now()
    await until(() => performance.now() - began > 1_000)
    asked!.end(Buffer.from('done'))
    expect((await received.whole).toString()).toBe('done')
    expect(told).toEqual([])
  })

  /** The server alone keeps it alive: the client is silent for an hour. */
  const bySilentClient = {
    quic: { idleTimeoutMs: 400, keepAliveMs: 100 },
    clientQuic: { idleTimeoutMs: 3_600_000, keepAliveMs: 3_599_999 },
  }

  test('of a peer that is trusted is broken by asking for signs of life', async () => {
    const { client, server, ask } = await meet(bySilentClient)
    const start = performance.now()
    await until(() => performance.now() - start > 1000)
    expect([client.closed, server.closed]).toEqual([undefined, undefined])
    expect((await ask(Buffer.from('still'))).toString()).toBe('still')
  })

  test('of a stranger ends the link', async () => {
    const { serverClosed, clientClosed } = await meet({ ...bySilentClient, trusts: false })
    expect(await serverClosed).toMatchObject({ by: 'idle' })
    expect(await clientClosed).toMatchObject({ by: 'idle' })
  })

  test('of a server is broken by its client', async () => {
    const quic = { idleTimeoutMs: 400, keepAliveMs: 399 }
    const { server, client } = await meet({ quic, clientQuic: { keepAliveMs: 100 }, trusts: false })
    const start = performance.now()
    await until(() => performance.now() - start > 1000)
    expect([client.closed, server.closed]).toEqual([undefined, undefined])
  })
})

onAllPairs('what was written', ({ meet }) => {
  const answering = (size: number) => ({
    onStream: (stream: LinkStream) => {
      stream.events = { ...NOBODY, onEnd: () => stream.end(pattern(size)) }
    },
  })

  test('has arrived when the link says that it is flushed', async () => {
    const { open, server } = await meet(answering(MIB))
    const back = new Received()
    ;(await open(back)).end()
    await until(() => back.length > 0)
    await server.flushed()
    server.close(0, 'flushed')
    await until(() => back.told.length > 1)
    expect(back.length).toBe(MIB)
  })

  test('is not waited for when nothing was, or when the peer wants no more of it', async () => {
    const { open, server, ask } = await meet(answering(MIB))
    await server.flushed()
    for (let i = 0; i < 10; i++) {
      const back = new Received()
      const stream = await open(back)
      stream.end()
      await until(() => back.length > 20 * KIB)
      stream.reset()
    }
    expect(await ask(Buffer.alloc(0))).toHaveLength(MIB)
    await server.flushed()
  })

  test('and is on its way arrives before a listener has closed', async () => {
    const { open, listener, clientClosed } = await meet(answering(3 * MIB))
    const answers = Array.from({ length: 3 }, () => new Received())
    for (const answer of answers) (await open(answer)).end()
    await until(() => answers.every(({ length }) => length > 0))
    await listener.close('server_shutdown', 10_000)
    for (const answer of answers) expect((await answer.whole).equals(pattern(3 * MIB))).toBe(true)
    expect(await clientClosed).toMatchObject({ by: 'peer', reason: 'server_shutdown', application: true })
  })
})

onQuicPairs('a link that is another', ({ meet, quic }) => {
  test('hears nothing of those that had its place before, 200 times', async () => {
    const meeting = await meet({ listen: { halfOpenLimits: { perSource: 1000, newPerMinute: 1000 } } })
    const { listener } = meeting
    const { port } = listener.address
    let late = 0
    for (let i = 0; i < 200; i++) {
      let isOver = false
      const told = () => {
        if (isOver) late++
      }
      const next = await dial(quic.client, '127.0.0.1', port, {}, { onClosed: told, onStreamSlot: told })
      const events = { onBytes: told, onEnd: told, onReset: told }
      for (let j = 0; j < 3; j++) (await next.open(events)).end(Buffer.alloc(50_000, j))
      expect(await next.ask(Buffer.from(`${i}`))).toEqual(Buffer.from(`${i}`))
      next.client.close(0, 'next')
      isOver = true
    }
    expect((await meeting.ask(Buffer.from('the first'))).toString()).toBe('the first')
    await until(() => listener.connectionCount === 1)
    expect(late).toBe(0)
  })
})
