import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LinkStream } from '../../../src/transport/link.js'
import { type Client, dial, echo, type Server, serve } from '../../support/quic-pair.js'
import { relayTo } from '../../support/udp-relay.js'

vi.stubEnv('LEVIN_ENGINE', 'quiche')

const MIB = 1024 * 1024
const NOBODY = { onBytes: () => {}, onEnd: () => {}, onReset: () => {} }
const open: { client?: Client; server?: Server }[] = []

async function pair(
  onStream = echo,
  options: Parameters<typeof serve>[1] = {},
): Promise<{ client: Client; server: Server }> {
  const server = await serve(onStream, options)
  const client = await dial(server.port, { ...options, maxPeerStreams: 0 })
  await until(() => server.links.length === 1)
  open.push({ client, server })
  return { client, server }
}

afterEach(async () => {
  for (const { client, server } of open.splice(0)) {
    client?.link.close(0, 'done')
    await server?.endpoint.close('server_shutdown')
  }
})

function pattern(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 0xff
  return bytes
}

/** Resolves when `condition` holds, looked at once a loop turn. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a connection', () => {
  test('shows the client the certificate that the server has', async () => {
    const { client, server } = await pair()
    expect(Buffer.from(client.link.peerCertificate!).equals(server.certificate)).toBe(true)
    expect(server.links[0]!.peerCertificate).toBeUndefined()
  })

  test.each([0, 1, 1349, 1350, 65_536, 65_537, 3 * MIB])('carries %d bytes both ways', async (size) => {
    const { client } = await pair()
    const sent = pattern(size, 1)
    expect((await client.ask(sent)).equals(sent)).toBe(true)
  })

  test('carries large streams side by side, and goes on with every partial write', async () => {
    const { client } = await pair()
    const sent = Array.from({ length: 20 }, (_, i) => pattern(MIB + i, i))
    const got = await Promise.all(sent.map((bytes) => client.ask(bytes)))
    for (const [i, bytes] of got.entries()) expect(bytes.equals(sent[i]!)).toBe(true)
  })

  test('opens no more streams than the peer allows, and goes on when one is free', async () => {
    let most = 0
    let now = 0
    const { client } = await pair(
      (stream) => {
        most = Math.max(most, ++now)
        stream.events = {
          onBytes: () => {},
          onEnd: () =>
            setImmediate(() => {
              now--
              stream.end(Buffer.from('x'))
            }),
          onReset: () => {},
        }
      },
      { maxPeerStreams: 4 },
    )
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.ask(Buffer.from('?'))))
    expect(answers).toHaveLength(50)
    expect(most).toBeLessThanOrEqual(4)
  })

  test('works over IPv6', async () => {
    const server = await serve(echo, {}, '::1')
    const client = await dial(server.port, {}, '::1')
    open.push({ client, server })
    expect((await client.ask(Buffer.from('six'))).toString()).toBe('six')
  })

  test('stays alive in silence, by asking for signs of life', async () => {
    const { client, server } = await pair(echo, { idleTimeoutMs: 400, keepAliveMs: 100 })
    let turns = 0
    const start = performance.now()
    await until(() => ++turns > 0 && performance.now() - start > 1000)
    expect(client.link.closed).toBeUndefined()
    expect(server.closed).toEqual([])
    expect((await client.ask(Buffer.from('still'))).toString()).toBe('still')
  })
})

describe('back-pressure', () => {
  test('a receiver that pauses stops the sender, whose memory stays bounded', async () => {
    const chunk = Buffer.alloc(64 * 1024, 7)
    let written = 0
    const { client } = await pair((stream) => {
      const pump = () => {
        while (written < 64 * MIB) {
          written += chunk.length
          if (!stream.write(chunk)) return
        }
        stream.end()
      }
      stream.events = { onBytes: () => {}, onEnd: pump, onDrain: pump, onReset: () => {} }
    })
    let got = 0
    let ended = false
    let held = 0
    const stream: LinkStream = await client.open({
      onBytes: (bytes) => {
        got += bytes.length
        held = Math.max(held, written - got)
        stream.pause()
        setImmediate(() => stream.resume())
      },
      onEnd: () => {
        ended = true
      },
      onReset: () => {},
    })
    stream.end(Buffer.from('go'))
    await until(() => ended)
    expect(got).toBe(64 * MIB)
    expect(held).toBeLessThanOrEqual(4 * MIB)
  })

  test('a stream that is not read does not hold up the others', async () => {
    const { client } = await pair((stream) => {
      stream.events = {
        onBytes: () => {},
        onEnd: () => stream.end(Buffer.alloc(2 * MIB)),
        onReset: () => {},
      }
    })
    let got = 0
    const stuck: LinkStream = await client.open({
      onBytes: (bytes) => {
        got += bytes.length
        stuck.pause()
      },
      onEnd: () => {},
      onReset: () => {},
    })
    stuck.end(Buffer.from('?'))
    await until(() => got > 0)
    for (let i = 0; i < 5; i++) expect((await client.ask(Buffer.from('?'))).length).toBe(2 * MIB)
  })
})

describe('giving a stream up', () => {
  test('tells a server whose answer is still being made', async () => {
    let stopped = 0
    const { client } = await pair((stream) => {
      stream.events = { onBytes: () => {}, onEnd: () => {}, onStopped: () => stopped++, onReset: () => {} }
    })
    const stream = await client.open({ onBytes: () => {}, onEnd: () => {}, onReset: () => {} })
    stream.end(Buffer.from('?'))
    await new Promise((resolve) => setImmediate(resolve))
    stream.reset()
    await until(() => stopped === 1)
  })

  test('before its answer costs no stream slot, however often', async () => {
    let stopped = 0
    const { client } = await pair((stream) => {
      const onStopped = (): void => {
        stopped++
        stream.reset()
      }
      stream.events = { onBytes: () => {}, onEnd: () => {}, onStopped, onReset: () => {} }
    })
    for (let i = 0; i < 400; i++) {
      const stream = await client.open({ onBytes: () => {}, onEnd: () => {}, onReset: () => {} })
      stream.end(Buffer.from('?'))
      await new Promise((resolve) => setImmediate(resolve))
      stream.reset()
    }
    await until(() => stopped === 400)
  })

  test('in the middle of an answer costs no slot either, and others are answered', async () => {
    let stopped = 0
    const { client } = await pair((stream) => {
      const chunk = Buffer.alloc(64 * 1024)
      const asked: Uint8Array[] = []
      const pump = () => {
        while (stream.write(chunk));
      }
      stream.events = {
        onBytes: (bytes) => asked.push(Buffer.from(bytes)),
        onEnd: () => (Buffer.concat(asked).toString() === 'echo' ? stream.end(Buffer.from('echo')) : pump()),
        onDrain: pump,
        onStopped: () => {
          stopped++
          stream.reset()
        },
        onReset: () => {},
      }
    })
    for (let i = 0; i < 300; i++) {
      let got = 0
      const stream: LinkStream = await client.open({
        onBytes: (bytes) => {
          got += bytes.length
          if (got > 8192) stream.reset()
        },
        onEnd: () => {},
        onReset: () => {},
      })
      stream.end(Buffer.from('endless'))
      await until(() => got > 8192)
    }
    await until(() => stopped === 300)
    expect((await client.ask(Buffer.from('echo'))).toString()).toBe('echo')
    let free = 0
    while (client.link.openStream(NOBODY) !== undefined) free++
    expect(free).toBeGreaterThanOrEqual(126) // what was given up last may not have come back yet
  })
})

describe('the end of a connection', () => {
  test('reaches the peer with its code and its reason', async () => {
    const { client, server } = await pair()
    server.links[0]!.close(0, 'replaced')
    expect(await client.closed).toEqual({ by: 'peer', code: 0, reason: 'replaced', application: true })
    expect(server.closed).toEqual([{ by: 'local', code: 0, reason: 'replaced', application: true }])
  })

  test('ends every stream with the reason, before it is told itself', async () => {
    const { client, server } = await pair((stream) => {
      stream.events = { onBytes: () => {}, onEnd: () => {}, onReset: () => {} }
    })
    const asked = client.ask(Buffer.from('?'))
    await until(() => server.links.length === 1)
    server.links[0]!.close(0, 'server_shutdown')
    await expect(asked).rejects.toThrow('server_shutdown')
  })

  test('is noticed at both ends when nothing is heard any more', async () => {
    const options = { idleTimeoutMs: 300, keepAliveMs: 299 }
    const server = await serve(echo, options)
    const relay = await relayTo(server.port)
    const client = await dial(relay.port, options)
    open.push({ client, server })
    await client.ask(Buffer.from('heard'))
    relay.goSilent()
    expect(await client.closed).toMatchObject({ by: 'idle' })
    await until(() => server.closed.length === 1)
    expect(server.closed[0]).toMatchObject({ by: 'idle' })
    relay.close()
  })

  test('comes at once when the port is closed', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    await new Promise<void>((resolve) => socket.close(() => resolve()))
    await expect(dial(port)).rejects.toMatchObject({
      by: 'failed',
      reason: `port ${port} of 127.0.0.1 is closed`,
    })
  })

  test('lets what was written arrive first, when the owner waits for it', async () => {
    const { client, server } = await pair((stream) => {
      stream.events = {
        onBytes: () => {},
        onEnd: () => stream.end(Buffer.alloc(3 * MIB, 5)),
        onReset: () => {},
      }
    })
    const asked = client.ask(Buffer.from('?'))
    await until(() => server.links.length === 1)
    // The answer is on its way when the shutdown starts.
    let first = false
    const other = client.open({ onBytes: () => (first = true), onEnd: () => {}, onReset: () => {} })
    ;(await other).end(Buffer.from('?'))
    await until(() => first)
    await server.endpoint.close('server_shutdown')
    expect((await asked).length).toBe(3 * MIB)
  })
})

test('a link that is closed tells of no further stream', async () => {
  let streams = 0
  let streamsAfterTheEnd = 0
  const server = await serve((_stream, link) => {
    streams++
    if (link.closed !== undefined) streamsAfterTheEnd++
    link.close(0, 'cleanup')
  })
  const client = await dial(server.port)
  open.push({ client, server })
  const asked = Array.from({ length: 20 }, () => client.ask(Buffer.from('?')).catch(() => undefined))
  await Promise.all(asked)
  expect([streams, streamsAfterTheEnd]).toEqual([1, 0])
})
