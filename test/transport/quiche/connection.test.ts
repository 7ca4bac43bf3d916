/** What is quiche's own: the conformance suite has what it promises as every engine does. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LinkStream } from '../../../src/transport/link.js'
import { type Client, dial, echo, type Server, serve } from '../../support/quic-pair.js'

vi.stubEnv('LEVIN_ENGINE', 'quiche')

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

/** Resolves when `condition` holds, looked at once a loop turn. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

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
