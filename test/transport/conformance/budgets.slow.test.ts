/** What one peer may cost. */
import { expect, test } from 'vitest'
import type { LinkStream } from '../../../src/transport/link.js'
import { atEnd, KIB, MIB, NOBODY, onAllPairs, onQuicPairs, until } from './pairs.js'

const chunk = Buffer.alloc(64 * KIB, 7)

onQuicPairs('a budget for what carries nothing', ({ meet }) => {
  test('is never met by who uploads', async () => {
    let got = 0
    const { open, listener } = await meet({
      listen: { peerLimits: { overheadBytes: 4 * MIB } },
      onStream: (stream) => {
        stream.events = { ...NOBODY, onBytes: (bytes) => (got += bytes.length), onEnd: () => stream.end() }
      },
    })
    let written = 0
    let pump = (): void => {}
    const stream = await open({ ...NOBODY, onDrain: () => pump() })
    pump = () => {
      while (written < 48 * MIB) {
        written += chunk.length
        if (!stream.write(chunk)) return
      }
      stream.end()
    }
    pump()
    await until(() => got === 48 * MIB)
    expect(listener!.stats()).toMatchObject({ connections: 1, overdrawn: 0 })
  })

  test('cuts off who goes beyond it, and it is counted', async () => {
    const { open, listener, serverClosed } = await meet({
      listen: { peerLimits: { overheadBytes: MIB } },
      onStream: (stream) => {
        stream.events = NOBODY
        stream.pause() // so that nothing of it is delivered
      },
    })
    const streams = await Promise.all([open(), open()])
    for (const stream of streams) for (let i = 0; i < 16; i++) stream.write(chunk)
    expect(await serverClosed).toMatchObject({ by: 'failed', reason: 'too much that carried nothing' })
    expect(listener!.stats()).toMatchObject({ overdrawn: 1 })
  })
})

onQuicPairs('a stranger', ({ meet }) => {
  test('may send what the listener says', async () => {
    const { open, serverClosed } = await meet({
      trusts: false,
      listen: { peerLimits: { strangerBytes: 8 * KIB } },
      onStream: (stream) => {
        stream.events = NOBODY
      },
    })
    const stream = await open()
    stream.write(Buffer.alloc(10 * KIB))
    expect(await serverClosed).toMatchObject({ reason: 'too many bytes before the handshake' })
  })
})

onAllPairs('what waits on a link', ({ meet }) => {
  test('is counted until it is taken, or given up', async () => {
    const served: LinkStream[] = []
    const { open, server } = await meet({
      onStream: (stream) => {
        served.push(stream)
        stream.events = NOBODY
      },
    })
    const reads = [await open(), await open()]
    for (const stream of reads) {
      stream.pause()
      stream.write(Buffer.from('begin'))
    }
    await until(() => served.length === 2)
    expect(server.waiting).toBe(0)
    const large = Buffer.alloc(24 * MIB)
    for (const stream of served) stream.write(large)
    await until(() => server.waiting > 0)
    expect(server.waiting).toBe(served[0]!.waiting + served[1]!.waiting)
    served[0]!.reset()
    expect(server.waiting).toBe(served[1]!.waiting)
    reads[1]!.resume()
    await until(() => server.waiting === 0)
    atEnd(() => reads[0]!.reset())
  })
})
