import { IsInt, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { MinerConnection } from '../../src/client/miner-connection.js'
import { synapse } from '../../src/contract/definition.js'
import type { LinkStream } from '../../src/transport/link.js'
import { encodeValue } from '../../src/wire/msgpack.js'
import { turn, until } from '../support/frames.js'
import { minerSigner } from '../support/hotkeys.js'
import { answer, chunk, end, type Script, ScriptedMiner } from '../support/scripted-miner.js'

const KIB = 1024

class Question {
  @IsInt() n!: number
}
class Line {
  @IsString() text!: string
}

const Bytes = synapse('bytes', { stream: true })
const Lines = synapse('lines', { request: Question, stream: Line })
const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port: 8443 }
const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })

function connected(script: Script) {
  const miner = new ScriptedMiner(script)
  const connection = new MinerConnection(axon, miner.validatorLink, miner.settings(), { onClosed: () => {} })
  return { miner, connection, clock: miner.clock }
}

const replies =
  (...frames: Uint8Array[]): Script =>
  (stream) =>
    stream.end(Buffer.concat(frames))

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

/** What was read before the stream failed, and how it failed. */
async function failure(stream: AsyncIterable<Uint8Array>): Promise<{ read: string[]; error: unknown }> {
  const read: string[] = []
  try {
    for await (const item of stream) read.push(Buffer.from(item).toString())
  } catch (error) {
    return { read, error }
  }
  throw new Error('the stream did not fail')
}

describe('a stream', () => {
  test('of bytes', async () => {
    const { connection, clock, miner } = connected(replies(chunk('a'), chunk(''), chunk('b'), end()))
    expect((await all(connection.stream(Bytes, { a: 1 }))).map(String)).toEqual(['a', '', 'b'])
    expect(miner.requests).toMatchObject([{ synapseType: 'bytes', data: { a: 1 } }])
    await turn()
    expect([clock.pending, miner.validatorLink.streamCount]).toEqual([0, 0])
  })

  test('of instances', async () => {
    const { connection } = connected(
      replies(chunk(encodeValue({ text: 'a' })), chunk(encodeValue({ text: 'b' })), end()),
    )
    const lines = await all(connection.stream(Lines, { n: 1 }))
    expect(lines).toEqual([
      Object.assign(new Line(), { text: 'a' }),
      Object.assign(new Line(), { text: 'b' }),
    ])
    expect(lines[0]).toBeInstanceOf(Line)
  })

  test('without a chunk', async () => {
    expect(await all(connected(replies(end())).connection.stream(Bytes, {}))).toEqual([])
  })

  test('sends nothing before its first chunk is asked for', async () => {
    const { connection, miner } = connected(replies(chunk('a'), end()))
    const stream = connection.stream(Bytes, {})
    await turn()
    expect(miner.streams).toEqual([])
    expect(await stream.next()).toEqual({ done: false, value: Buffer.from('a') })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  test('may be asked for several chunks at once', async () => {
    const stream = connected(replies(chunk('a'), chunk('b'), end())).connection.stream(Bytes, {})
    const steps = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()])
    expect(steps.map(({ done, value }) => [done, value?.toString()])).toEqual([
      [false, 'a'],
      [false, 'b'],
      [true, undefined],
      [true, undefined],
    ])
  })

  test('a request that is not its class fails at once', () => {
    const { connection, miner } = connected(replies(end()))
    expect(() => connection.stream(Lines, { n: 'x' as never })).toThrow(code('INVALID_REQUEST'))
    expect(miner.streams).toEqual([])
  })
})

test('a stream that a miner never ends is given up at maxStreamBytes', async () => {
  const piece = chunk(Buffer.alloc(64 * KIB))
  let sent = 0
  const { connection, clock, miner } = connected((stream) => {
    const more = (): void => {
      // far more than may come
      while (sent++ < 1000) if (!stream.write(piece)) return
    }
    stream.events = { onBytes() {}, onEnd() {}, onDrain: more, onReset() {} }
    more()
  })
  const { read, error } = await failure(connection.stream(Bytes, {}, { maxStreamBytes: 512 * KIB }))
  expect(error).toEqual(code('LIMIT'))
  expect(read).toHaveLength(8)
  await turn()
  expect([clock.pending, miner.validatorLink.streamCount]).toEqual([0, 0])
})

describe('what goes wrong comes after the chunks that came before it', () => {
  test.each<[string, Script, string, string?]>([
    ['the miner says so', replies(chunk('a'), chunk('b'), end('stream processing failed')), 'PEER_ERROR'],
    [
      'a reset',
      (stream) => {
        stream.write(Buffer.concat([chunk('a'), chunk('b')]))
        stream.reset()
      },
      'CONNECTION_LOST',
    ],
    ['no end', replies(chunk('a'), chunk('b')), 'PROTOCOL'],
    ['half a chunk', replies(chunk('a'), chunk('b'), chunk('c').subarray(0, -1)), 'PROTOCOL'],
    ['an unknown type', replies(chunk('a'), chunk('b'), Buffer.from([9, 0, 0, 0, 0])), 'PROTOCOL'],
    ['a chunk that is none', replies(chunk('a'), chunk('b'), Buffer.from([5, 0, 0, 0, 1, 0xc0])), 'PROTOCOL'],
    ['a handshake', replies(chunk('a'), chunk('b'), Buffer.from([2, 0, 0, 0, 0])), 'PROTOCOL'],
    ['a plain answer', replies(chunk('a'), chunk('b'), answer()), 'PROTOCOL', 'use query()'],
  ])('%s', async (_, script, expected, text = '') => {
    const { connection, clock } = connected(script)
    const { read, error } = await failure(connection.stream(Bytes, {}))
    expect(read).toEqual(['a', 'b'])
    expect(error).toEqual(code(expected))
    expect((error as Error).message).toContain(text)
    expect(clock.pending).toBe(0)
  })

  test('the words of the miner are kept, also when it answers in the plain form', async () => {
    for (const frame of [end('handler timed out'), answer({}, 'handler timed out')]) {
      const { error } = await failure(connected(replies(frame)).connection.stream(Bytes, {}))
      expect(error).toMatchObject({ code: 'PEER_ERROR', peerMessage: 'handler timed out' })
    }
  })

  test('a chunk that is not its class, after one that is', async () => {
    const bad = [encodeValue({ text: 1 }), encodeValue([1]), encodeValue('x'), Buffer.from([0xc1])]
    for (const bytes of bad) {
      const { connection, miner, clock } = connected(
        (stream) => void stream.write(Buffer.concat([chunk(encodeValue({ text: 'a' })), chunk(bytes)])),
      )
      const lines = connection.stream(Lines, { n: 1 })
      expect((await lines.next()).value).toMatchObject({ text: 'a' })
      await expect(lines.next()).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_ANSWER|PROTOCOL/),
      })
      expect((await lines.next()).done).toBe(true)
      await turn()
      expect(miner.streams[0]!.stopped).toBe(true)
      expect(clock.pending).toBe(0)
    }
  })

  test('names the miner and the synapse, of which there are many', async () => {
    const where = { miner: minerSigner.hotkey, synapse: 'lines' }
    const who = `synapse 'lines' of miner ${minerSigner.hotkey}: `
    const first = (script: Script) => connected(script).connection.stream(Lines, { n: 1 }).next()
    await expect(first(replies(end('handler timed out')))).rejects.toMatchObject({
      ...where,
      message: `${who}the miner answered: handler timed out`,
      peerMessage: 'handler timed out',
    })
    await expect(first(replies(chunk(encodeValue({ text: 1 }))))).rejects.toMatchObject({
      ...where,
      message: `${who}the chunk: text must be a string`,
    })
    expect(() => connected(() => {}).connection.stream(Lines, { n: 'x' as never })).toThrow(
      expect.objectContaining(where),
    )
  })

  test('is told once, and the stream is over then', async () => {
    const stream = connected(replies(end('stream processing failed'))).connection.stream(Bytes, {})
    await expect(stream.next()).rejects.toEqual(code('PEER_ERROR'))
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  test('an abort, before and during', async () => {
    const { connection, miner } = connected((stream) => void stream.write(chunk('a')))
    const before = connection.stream(Bytes, {}, { signal: AbortSignal.abort() })
    await expect(before.next()).rejects.toEqual(code('ABORTED'))
    expect(miner.streams).toEqual([])
    const controller = new AbortController()
    const during = connection.stream(Bytes, {}, { signal: controller.signal })
    await during.next()
    const next = expect(during.next()).rejects.toEqual(code('ABORTED'))
    controller.abort()
    await next
    await turn()
    expect(miner.streams[0]!.stopped).toBe(true)
  })
})

describe('leaving early', () => {
  test('a break gives the stream up, and the miner hears of it', async () => {
    const { connection, miner, clock } = connected(
      (stream) => void stream.write(Buffer.concat([chunk('a'), chunk('b')])),
    )
    for await (const item of connection.stream(Bytes, {})) {
      expect(String(item)).toBe('a')
      break
    }
    await turn()
    expect(miner.streams[0]!.stopped).toBe(true)
    expect([clock.pending, miner.validatorLink.streamCount]).toEqual([0, 0])
  })

  test('before it began sends nothing', async () => {
    const { connection, miner } = connected(replies(end()))
    const stream = connection.stream(Bytes, {})
    expect(await stream.return!()).toEqual({ done: true, value: undefined })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    await turn()
    expect(miner.streams).toEqual([])
  })

  test('when an error is known does not throw it afterwards', async () => {
    const { connection } = connected(replies(chunk('a'), end('stream processing failed')))
    const stream = connection.stream(Bytes, {})
    await stream.next()
    await turn()
    await stream.return!()
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })
})

describe('a slow reader', () => {
  /** Writes chunks for as long as the transport takes them. */
  function eager(size: number) {
    const state = { written: 0 }
    const script: Script = (stream: LinkStream) => {
      const write = () => {
        for (;;) {
          state.written++
          if (!stream.write(chunk(Buffer.alloc(size)))) return
        }
      }
      const frames = stream.events
      stream.events = {
        onBytes: (bytes) => frames.onBytes(bytes),
        onEnd: () => frames.onEnd(),
        onReset: (reason) => frames.onReset(reason),
        onDrain: write,
      }
      write()
    }
    return { state, script }
  }

  test('stops the miner at 256 KiB, and lets it go on', async () => {
    const { state, script } = eager(32 * KIB)
    const { connection } = connected(script)
    const stream = connection.stream(Bytes, {})
    await stream.next()
    await turn()
    const stopped = state.written
    await turn()
    expect(state.written).toBe(stopped)
    // 256 KiB wait here, 256 KiB in the link, and the one that was read
    expect(stopped * 32).toBeGreaterThanOrEqual(256)
    expect(stopped * 32).toBeLessThanOrEqual(256 + 256 + 3 * 32)
    for (let i = 0; i < 8; i++) await stream.next()
    await until(() => state.written > stopped)
    await stream.return!()
  })

  test('does not time out, however long it takes', async () => {
    const { connection, clock } = connected(replies(chunk('a'), chunk('b'), chunk('c'), end()))
    const read: string[] = []
    for await (const item of connection.stream(Bytes, {}, { timeoutMs: 5 })) {
      read.push(String(item))
      await turn()
      clock.advance(60_000)
    }
    expect(read).toEqual(['a', 'b', 'c'])
  })

  test('with chunks that wait does not time out when the miner pauses meanwhile', async () => {
    const { connection, clock, miner } = connected(
      (stream) => void stream.write(Buffer.concat([chunk('a'), chunk('b')])),
    )
    const stream = connection.stream(Bytes, {}, { timeoutMs: 5 })
    await stream.next()
    await turn()
    clock.advance(60_000)
    expect(String((await stream.next()).value)).toBe('b')
    miner.streams[0]!.stream.end(end())
    expect((await stream.next()).done).toBe(true)
  })
})

describe('a silent miner', () => {
  test('times out before the first chunk: the default is a minute', async () => {
    const { connection, clock, miner } = connected(() => {})
    const failed = expect(connection.stream(Bytes, {}).next()).rejects.toEqual(code('TIMED_OUT'))
    await turn()
    clock.advance(60_000)
    await failed
    await turn()
    expect(miner.streams[0]!.stopped).toBe(true)
  })

  test('times out between two chunks, and each chunk starts the time anew', async () => {
    const { connection, clock, miner } = connected(() => {})
    const stream = connection.stream(Bytes, {}, { timeoutMs: 100 })
    for (const text of ['a', 'b', 'c']) {
      const next = stream.next()
      await turn()
      clock.advance(99)
      miner.streams[0]!.stream.write(chunk(text))
      expect(String((await next).value)).toBe(text)
    }
    const failed = expect(stream.next()).rejects.toEqual(code('TIMED_OUT'))
    await turn()
    clock.advance(99)
    await turn()
    clock.advance(1)
    await failed
  })
})
