/** Streams that one end gives up, at every moment of an exchange. */
import { expect, test } from 'vitest'
import type { LinkStream } from '../../../src/transport/link.js'
import { MIB, onAllPairs, onQuicPairs, Received, until } from './pairs.js'

/** What the listening end has heard of its streams. */
function recording(answer: (stream: LinkStream, heard: Received) => void = () => {}) {
  const streams: { readonly stream: LinkStream; readonly heard: Received }[] = []
  const onStream = (stream: LinkStream): void => {
    const heard = new Received()
    streams.push({ stream, heard })
    stream.events = {
      onBytes: (bytes) => {
        heard.onBytes(bytes)
        if (heard.bytes.toString() === 'echo') stream.end(Buffer.from('echo'))
      },
      onEnd: () => {
        heard.onEnd()
        if (heard.bytes.toString() !== 'echo') answer(stream, heard)
      },
      onStopped: () => heard.onStopped(),
      onReset: (reason) => heard.onReset(reason),
    }
  }
  return { streams, onStream }
}

const RESET = 'reset: the peer reset the stream'
/** Whether an end that gives up says first that it wants no more is the engine's own affair. */
const butStopped = (told: readonly string[]): string[] => told.filter((event) => event !== 'stopped')
const echo = Buffer.from('echo')

onAllPairs('a stream that the client gives up', ({ meet }) => {
  test('before it wrote anything costs nothing', async () => {
    const { streams, onStream } = recording()
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    const stream = await open(back)
    stream.reset()
    stream.reset()
    expect((await ask(echo)).toString()).toBe('echo')
    expect(back.told).toEqual([])
    for (const { heard } of streams.slice(0, -1)) expect([[], [RESET]]).toContainEqual(heard.told)
  })

  test('in the middle of the request is reset at the server, and nothing follows', async () => {
    const { streams, onStream } = recording()
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    const stream = await open(back)
    stream.write(Buffer.from('half a question'))
    await until(() => streams[0] !== undefined && streams[0].heard.length > 0)
    stream.reset()
    await until(() => streams[0]!.heard.told.includes(RESET))
    await ask(echo)
    expect(butStopped(streams[0]!.heard.told)).toEqual(['bytes', RESET])
    expect(back.told).toEqual([])
  })

  test('before its answer is stopped at the server, which may still reset it', async () => {
    const { streams, onStream } = recording()
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    const stream = await open(back)
    stream.end(Buffer.from('?'))
    await until(() => streams[0]?.heard.told.includes('end') === true)
    stream.reset()
    await until(() => streams[0]!.heard.told.includes('stopped'))
    streams[0]!.stream.reset()
    await ask(echo)
    expect(streams[0]!.heard.told).toEqual(['bytes', 'end', 'stopped'])
    expect(back.told).toEqual([])
  })

  test('and is answered nevertheless, takes what is written for nothing', async () => {
    const { streams, onStream } = recording()
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    const stream = await open(back)
    stream.end(Buffer.from('?'))
    await until(() => streams[0]?.heard.told.includes('end') === true)
    stream.reset()
    await until(() => streams[0]!.heard.told.includes('stopped'))
    streams[0]!.stream.write(Buffer.from('too '))
    streams[0]!.stream.end(Buffer.from('late'))
    await ask(echo)
    expect(back.told).toEqual([])
  })

  test('after all of it tells nothing', async () => {
    const { streams, onStream } = recording((stream) => stream.end(Buffer.from('!')))
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    const stream = await open(back)
    stream.end(Buffer.from('?'))
    await back.whole
    stream.reset()
    await ask(echo)
    expect(back.told).toEqual(['bytes', 'end'])
    expect(streams[0]!.heard.told).toEqual(['bytes', 'end'])
  })
})

onAllPairs('a stream that the server gives up', ({ meet }) => {
  test('before its answer is reset at the client', async () => {
    const { streams, onStream } = recording((stream) => stream.reset())
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    ;(await open(back)).end(Buffer.from('?'))
    await expect(back.whole).rejects.toThrow('the peer reset the stream')
    await ask(echo)
    expect(back.told).toEqual([RESET])
    expect(streams[0]!.heard.told).toEqual(['bytes', 'end'])
  })

  test('before all was asked is reset at the client', async () => {
    const { onStream } = recording()
    const { open, ask } = await meet({
      onStream: (stream, link) => {
        if (link.closed === undefined && stream.id === 0) {
          stream.events = { onBytes: () => stream.reset(), onEnd: () => {}, onReset: () => {} }
        } else onStream(stream)
      },
    })
    const back = new Received()
    const stream = await open(back)
    stream.write(Buffer.from('half'))
    await expect(back.whole).rejects.toThrow('the peer reset the stream')
    stream.write(Buffer.from('and half'))
    stream.end()
    await ask(echo)
    expect(butStopped(back.told)).toEqual([RESET])
  })
})

onQuicPairs('in the middle of an answer', ({ meet }) => {
  test('the server may give it up', async () => {
    const { onStream } = recording((stream) => {
      stream.write(Buffer.alloc(10_000))
      setTimeout(() => stream.reset(), 20)
    })
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    ;(await open(back)).end(Buffer.from('?'))
    await expect(back.whole).rejects.toThrow('the peer reset the stream')
    await ask(echo)
    expect([[RESET], ['bytes', RESET]]).toContainEqual(back.told)
  })

  test('the client may give it up, and what waited is forgotten', async () => {
    const { streams, onStream } = recording((stream) => stream.end(Buffer.alloc(20 * MIB)))
    const { open, ask } = await meet({ onStream })
    const back = new Received()
    const stream = await open(back)
    stream.end(Buffer.from('?'))
    await until(() => back.length > 0)
    stream.reset()
    await until(() => streams[0]!.heard.told.includes('stopped'))
    const told = [...back.told]
    await ask(echo)
    expect(back.told).toEqual(told)
    expect(streams[0]!.heard.told).toEqual(['bytes', 'end', 'stopped'])
  })
})
