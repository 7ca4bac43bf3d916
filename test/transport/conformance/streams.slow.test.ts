/** Bytes of streams: in order, whole, both ways, as fast as their reader wants. */
import { expect, test } from 'vitest'
import type { LinkStream } from '../../../src/transport/link.js'
import { KIB, MIB, onAllPairs, onQuicPairs, pattern, Received, until } from './pairs.js'

onAllPairs('a stream', ({ meet }) => {
  test.each([0, 1, 1349, 1350, 64 * KIB + 1, 3 * MIB])('carries %d bytes both ways', async (size) => {
    const { ask } = await meet()
    const sent = pattern(size)
    expect((await ask(sent)).equals(sent)).toBe(true)
  })

  test('carries both ways at once', async () => {
    const { open } = await meet({
      onStream: (stream) => {
        stream.events = {
          onBytes: (bytes) => stream.write(Buffer.from(bytes)),
          onEnd: () => stream.end(),
          onReset: () => {},
        }
      },
    })
    const back = new Received()
    const stream = await open(back)
    for (let i = 1; i <= 5; i++) {
      stream.write(Buffer.from(`part ${i} `))
      await until(() => back.length === i * 7)
    }
    stream.end()
    expect((await back.whole).toString()).toBe('part 1 part 2 part 3 part 4 part 5 ')
    expect(back.told).toEqual(['bytes', 'end'])
  })

  test('stays open one way when the other is finished', async () => {
    let served!: LinkStream
    const request = new Received()
    const { open } = await meet({
      onStream: (stream) => {
        served = stream
        stream.events = request
        stream.end(Buffer.from('answered before it was asked'))
      },
    })
    const answer = new Received()
    const stream = await open(answer)
    stream.write(Buffer.from('one '))
    expect((await answer.whole).toString()).toBe('answered before it was asked')
    stream.end(Buffer.from('two'))
    expect((await request.whole).toString()).toBe('one two')
    expect([answer.told, request.told]).toEqual([
      ['bytes', 'end'],
      ['bytes', 'end'],
    ])
    expect(served.id).toBe(stream.id)
  })

  test('keeps the order of many writes, also of those that have to wait', async () => {
    const { open } = await meet()
    const sent = Array.from({ length: 400 }, (_, i) => pattern((i * 977) % 12_000, i))
    const back = new Received()
    const stream = await open(back)
    const last = sent.pop()!
    for (const bytes of sent) stream.write(bytes)
    stream.end(last)
    expect((await back.whole).equals(Buffer.concat([...sent, last]))).toBe(true)
  })

  test('tells when all is taken, once for each time that it was not', async () => {
    const { open } = await meet()
    let drains = 0
    const back = new Received()
    const stream = await open(Object.assign(back, { onDrain: () => drains++ }))
    expect(stream.write(Buffer.from('little'))).toBe(true)
    expect(stream.write(pattern(8 * MIB))).toBe(false)
    await until(() => drains > 0)
    stream.end()
    await back.whole
    expect([drains, back.length]).toEqual([1, 8 * MIB + 6])
  })

  test('tells nothing while it is paused, and the rest when it goes on', async () => {
    const { open, ask } = await meet()
    const back = new Received()
    const stream = await open(back)
    stream.pause()
    stream.end(pattern(100 * KIB))
    await ask(Buffer.from('later than the other'))
    await ask(Buffer.from('and again'))
    expect(back.told).toEqual([])
    stream.resume()
    expect((await back.whole).equals(pattern(100 * KIB))).toBe(true)
  })

  test('can be paused from within, after each piece', async () => {
    const { open } = await meet()
    const back = new Received()
    let running = true
    let whilePaused = 0
    const stream: LinkStream = await open({
      onBytes: (bytes) => {
        if (!running) whilePaused++
        running = false
        back.onBytes(bytes)
        stream.pause()
        setImmediate(() => {
          running = true
          stream.resume()
        })
      },
      onEnd: () => back.onEnd(),
      onReset: (reason) => back.onReset(reason),
    })
    stream.end(pattern(2 * MIB))
    expect((await back.whole).equals(pattern(2 * MIB))).toBe(true)
    expect(whilePaused).toBe(0)
  })
})

onQuicPairs('many streams', ({ meet }) => {
  test('go side by side', async () => {
    const { ask } = await meet()
    const sent = Array.from({ length: 20 }, (_, i) => pattern(MIB + i, i))
    const got = await Promise.all(sent.map((bytes) => ask(bytes)))
    for (const [i, bytes] of got.entries()) expect(bytes.equals(sent[i]!)).toBe(true)
  })
})
