import { IsInt, IsString, Max } from 'class-validator'
import { describe, expect, test } from 'vitest'
import {
  type PlainOptions,
  type StreamOptions,
  type SynapseDefinition,
  synapse,
} from '../../../src/contract/definition.js'
import type { Call, LevinError, MinerOptions, SynapseData } from '../../../src/index.js'
import type { Middleware } from '../../../src/server/policy/middleware.js'
import { decodeValue } from '../../../src/wire/msgpack.js'
import { EncodedMap } from '../../../src/wire/value.js'
import { type Message, turn, until } from '../../support/frames.js'
import { validatorSigner } from '../../support/hotkeys.js'
import { handler, ServedMiner } from '../../support/served-miner.js'

const SECRET = 'password hunter2 in /etc/secret'
const WINDOW = 256 * 1024

class Question {
  @IsInt() @Max(10) n!: number
}
class Reply {
  @IsString() text!: string
}

/** A miner with one handler, and a validator that is connected. */
async function pair<O extends PlainOptions | StreamOptions>(
  options: O,
  answer: Parameters<typeof handler<O>>[1],
  settings: Partial<MinerOptions> = {},
  middleware: Middleware[] = [],
) {
  const definition = synapse('asked', options as object) as SynapseDefinition<O>
  const miner = new ServedMiner([handler(definition, answer)], settings, middleware)
  const peer = await miner.authenticated()
  return { miner, peer, clock: miner.clock }
}

/** For answers that the types forbid and a JavaScript author may give. */
const untyped = (value: unknown) => value as never

const throws = (): never => {
  throw new Error(SECRET)
}
const failed = (error: string) => ({
  type: 'SynapseResponse',
  success: false,
  data: {},
  timestamp: expect.any(Number),
  error,
})
const broken = (error: string) => ({ type: 'StreamEnd', success: false, error })
const chunk = (data: string) => ({ type: 'StreamChunk', data: Buffer.from(data) })
const END = { type: 'StreamEnd', success: true, error: null }

describe('a plain answer', () => {
  test('carries the time and the data', async () => {
    const { peer, miner } = await pair({ request: Question, response: Reply }, ({ n }) => ({ text: `${n}` }))
    expect(await peer.answers('asked', { n: 3 })).toEqual([
      {
        type: 'SynapseResponse',
        success: true,
        data: { text: '3' },
        timestamp: Math.floor(miner.clock.unixMs() / 1000),
        error: null,
      },
    ])
  })

  test('is given an instance of the class', async () => {
    const given: unknown[] = []
    const { peer } = await pair({ request: Question }, (question) => void given.push(question))
    await peer.answer('asked', { n: 3 })
    expect(given[0]).toBeInstanceOf(Question)
  })

  test('nothing at all is an empty map', async () => {
    const { peer } = await pair({}, () => undefined)
    expect(await peer.answer('asked')).toMatchObject({ success: true, data: {} })
  })

  test('an EncodedMap goes out byte for byte', async () => {
    const { peer } = await pair({}, () => new EncodedMap(Buffer.from('81a16101', 'hex')))
    expect(await peer.answer('asked')).toMatchObject({ data: { a: 1 } })
  })
})

describe('what went wrong is said in the words of the protocol', () => {
  const cases: [string, PlainOptions, () => unknown, string][] = [
    ['a handler that throws', {}, throws, 'request processing failed'],
    ['a handler that rejects', {}, async () => throws(), 'request processing failed'],
    ['a handler that throws no Error', {}, () => Promise.reject(SECRET), 'request processing failed'],
    ['a handler that throws undefined', {}, () => Promise.reject(undefined), 'request processing failed'],
    ['a handler whose error cannot be read', {}, unreadable, 'request processing failed'],
    ['a list in place of a map', {}, () => [SECRET], 'internal serialization error'],
    ['text in place of a map', {}, () => SECRET, 'internal serialization error'],
    ['null', {}, () => null, 'internal serialization error'],
    ['bytes in place of a map', {}, () => Buffer.from(SECRET), 'internal serialization error'],
    ['a Map', {}, () => new Map([['a', SECRET]]), 'internal serialization error'],
    ['what cannot be encoded', {}, () => ({ [SECRET]: () => 1 }), 'internal serialization error'],
    ['a cycle', {}, cycle, 'internal serialization error'],
    ['an answer that is not its class', { response: Reply }, () => ({ text: 1 }), 'internal serialization error'],
    ['an answer with more than its class', { response: Reply }, () => ({ text: '', more: SECRET }), 'internal serialization error'],
    ['no answer where there must be one', { response: Reply }, () => undefined, 'internal serialization error'],
    ['an answer over the frame limit', {}, () => ({ big: Buffer.alloc(2 ** 20) }), 'internal serialization error'],
  ] // biome-ignore format: a table

  function unreadable(): never {
    throw Object.defineProperty(new Error(SECRET), 'code', { get: throws })
  }

  function cycle() {
    const round: Record<string, unknown> = {}
    round.round = round
    return round
  }

  test.each(cases)('%s', async (_, options, answer, text) => {
    const { peer, miner } = await pair(options, untyped(answer), { maxFrameBytes: 2 ** 20 })
    const frames = peer.ask('asked')
    expect(await frames.done).toEqual([failed(text)])
    expect(JSON.stringify(frames.messages)).not.toContain('hunter2')
    expect(miner.log.at('error')).toHaveLength(1)
    expect(miner.log.at('error')[0]!.fields).toMatchObject({
      synapse: 'asked',
      caller: validatorSigner.hotkey,
    })
  })

  test.each([
    ['a field of the wrong kind', { n: 'three' }],
    ['a field out of range', { n: 11 }],
    ['a missing field', {}],
    ['a field too much', { n: 1, more: true }],
  ])('%s: the handler is not asked, and the operator not bothered', async (_, data) => {
    const asked: unknown[] = []
    const { peer, miner } = await pair({ request: Question }, (question) => void asked.push(question))
    expect(await peer.answers('asked', data)).toEqual([failed('invalid request format')])
    expect(asked).toEqual([])
    expect(miner.log.at('error')).toEqual([])
  })

  test('a name that nobody answers', async () => {
    const { peer } = await pair({}, () => ({}))
    for (const name of ['nothing', '', 'ASKED', 'asked ', 'constructor', '__proto__', 'toString']) {
      expect(await peer.answers(name)).toEqual([failed('unrecognized synapse type')])
    }
  })

  const streams: [string, StreamOptions, () => unknown, Message[]][] = [
    ['throws at once', { stream: true }, throws, []],
    ['is no generator', { stream: true }, () => 7, []],
    ['gives nothing', { stream: true }, () => undefined, []],
    ['gives text', { stream: true }, () => SECRET, []],
    ['yields what is not bytes', { stream: true }, () => [Buffer.from('a'), SECRET], [chunk('a')]],
    ['yields a number array', { stream: true }, () => [[1, 2]], []],
    ['yields an over-long chunk', { stream: true }, () => [Buffer.alloc(2 ** 20)], []],
    ['throws after two chunks', { stream: true }, half, [chunk('a'), chunk('b')]],
    ['yields another class', { stream: Reply }, () => [{ text: 1 }], []],
    ['yields what cannot be encoded', { stream: Reply }, () => [null], []],
  ]

  async function* half() {
    yield Buffer.from('a')
    yield Buffer.from('b')
    throw new Error(SECRET)
  }

  test.each(streams)('a stream that %s', async (_, options, answer, before) => {
    const { peer, miner } = await pair(options, untyped(answer), { maxFrameBytes: 2 ** 20 })
    const messages = await peer.answers('asked')
    expect(messages).toEqual([...before, broken('stream processing failed')])
    expect(JSON.stringify(messages)).not.toContain('hunter2')
    expect(miner.log.at('error')).toHaveLength(1)
  })

  test('a stream that is asked wrongly', async () => {
    const { peer } = await pair({ request: Question, stream: true }, () => [])
    expect(await peer.answers('asked', {})).toEqual([broken('invalid request format')])
  })
})

describe('streams', () => {
  test('of bytes: chunks, then the end', async () => {
    const { peer } = await pair({ stream: true }, async function* () {
      yield Buffer.from('a')
      yield new Uint8Array()
      yield new Uint8Array([98])
    })
    expect(await peer.answers('asked')).toEqual([chunk('a'), chunk(''), chunk('b'), END])
  })

  test('of instances: one map a chunk', async () => {
    const { peer } = await pair({ stream: Reply }, async function* () {
      yield { text: 'a' }
      yield Object.assign(new Reply(), { text: 'b' })
    })
    const messages = await peer.answers('asked')
    expect(messages.slice(0, -1).map(({ data }) => decodeValue(data as Buffer))).toEqual([
      { text: 'a' },
      { text: 'b' },
    ])
    expect(messages.at(-1)).toEqual(END)
  })

  test('an item of the wrong kind is named in the log, also one without a prototype', async () => {
    const { miner, peer } = await pair({ stream: true }, () => untyped([Object.create(null)]))
    expect(await peer.answers('asked')).toEqual([broken('stream processing failed')])
    expect(miner.log.at('error')).toMatchObject([
      { fields: { error: { message: 'a stream of bytes yields Uint8Array, not an object' } } },
    ])
  })

  test('from anything that can be iterated', async () => {
    const { peer } = await pair({ stream: true }, () => new Set([Buffer.from('a'), Buffer.from('b')]))
    expect(await peer.answers('asked')).toEqual([chunk('a'), chunk('b'), END])
  })

  test('empty', async () => {
    const { peer } = await pair({ stream: true }, () => [])
    expect(await peer.answers('asked')).toEqual([END])
  })

  test('the generator is not asked for more while the peer does not read', async () => {
    let yielded = 0
    const { peer } = await pair({ stream: true }, async function* () {
      for (; yielded < 100; yielded++) yield Buffer.alloc(WINDOW / 4)
    })
    const frames = peer.ask('asked')
    frames.stream.pause()
    await turn()
    const filled = yielded
    expect(filled).toBeLessThanOrEqual(5)
    await turn()
    expect(yielded).toBe(filled)
    frames.stream.resume()
    expect(await frames.done).toHaveLength(101)
  })
})

describe('the time that a handler has', () => {
  test('is the miner’s, told to the handler as a deadline', async () => {
    let call: Call | undefined
    const { peer, clock } = await pair({}, (_data, given) => {
      call = given
      return new Promise(() => {})
    })
    const frames = peer.ask('asked')
    await until(() => call !== undefined)
    expect(call!.deadline).toBe(clock.unixMs() + 30_000)
    clock.advance(29_999)
    await turn()
    expect(frames.over).toBeUndefined()
    expect(call!.signal.aborted).toBe(false)
    clock.advance(1)
    expect(await frames.done).toEqual([failed('handler timed out')])
    expect(call!.signal.aborted).toBe(true)
    expect(call!.signal.reason).toBeInstanceOf(Error)
  })

  test('is not put off by a limit that comes after the machine’s time was set back', async () => {
    const { peer, clock } = await pair({}, (_request, call) => {
      const now = clock.unixMs()
      clock.unixMs = () => now - 3_600_000
      call.limitTo(40_000)
      return new Promise(() => {})
    })
    const answer = peer.answer('asked')
    await turn()
    clock.advance(30_000)
    await turn()
    expect(clock.pending).toBe(0)
    expect(await answer).toMatchObject({ error: 'handler timed out' })
  })

  test('or the definition’s own', async () => {
    const { peer, clock } = await pair({ timeoutMs: 5 }, () => new Promise(() => {}), {
      handlerTimeoutMs: 50,
    })
    const frames = peer.ask('asked')
    await turn()
    clock.advance(5)
    expect(await frames.done).toEqual([failed('handler timed out')])
  })

  test('an answer that comes later is dropped, and nothing of it is left', async () => {
    let answer = (_: SynapseData) => {}
    const { peer, clock, miner } = await pair({}, () => new Promise((resolve) => (answer = resolve)))
    const frames = peer.ask('asked')
    await turn()
    clock.advance(30_000)
    await frames.done
    answer({ late: true })
    await turn()
    expect(frames.messages).toHaveLength(1)
    await miner.service.dispatcher.idle()
    expect(clock.pending).toBe(0)
  })

  test('a failure that comes later is not told twice', async () => {
    const { peer, clock, miner } = await pair(
      {},
      (_data, call) =>
        new Promise((_resolve, reject) =>
          call.signal.addEventListener('abort', () => reject(new Error(SECRET))),
        ),
    )
    const frames = peer.ask('asked')
    await turn()
    clock.advance(30_000)
    expect(await frames.done).toEqual([failed('handler timed out')])
    await miner.service.dispatcher.idle()
    expect(miner.log.at('error')).toHaveLength(1)
  })

  test('ends a stream between two chunks, and its generator', async () => {
    let left = false
    const { peer, clock } = await pair({ stream: true }, async function* (_data, call) {
      try {
        yield Buffer.from('a')
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
        yield Buffer.from('never sent')
      } finally {
        left = true
      }
    })
    const frames = peer.ask('asked')
    await turn()
    clock.advance(30_000)
    expect(await frames.done).toEqual([chunk('a'), broken('handler timed out')])
    await until(() => left)
  })

  test('also when it is the peer who does not read', async () => {
    let left = false
    const { peer, clock } = await pair({ stream: true }, async function* () {
      try {
        for (;;) yield Buffer.alloc(WINDOW)
      } finally {
        left = true
      }
    })
    const frames = peer.ask('asked')
    frames.stream.pause()
    await turn()
    expect(left).toBe(false)
    clock.advance(30_000)
    await until(() => left)
    frames.stream.resume()
    expect((await frames.done).at(-1)).toEqual(broken('handler timed out'))
  })

  test('is given back by an answer in time', async () => {
    const { peer, clock } = await pair({}, () => ({}))
    await peer.answer('asked')
    expect(clock.pending).toBe(0)
  })
})

describe('a peer that leaves', () => {
  async function asked() {
    let call: Call | undefined
    const { peer, miner } = await pair({}, (_data, given) => {
      call = given
      return new Promise((resolve) => given.signal.addEventListener('abort', () => resolve({})))
    })
    const frames = peer.ask('asked')
    await until(() => call !== undefined)
    expect(call!.signal.aborted).toBe(false)
    return { call: call!, frames, peer, miner }
  }

  test('the stream: the call is aborted with a reason', async () => {
    const { call, frames, miner } = await asked()
    frames.stream.reset()
    await turn()
    expect(call.signal.aborted).toBe(true)
    expect((call.signal.reason as LevinError).code).toBe('ABORTED')
    await miner.service.dispatcher.idle()
    expect(frames.messages).toEqual([])
    expect(miner.log.at('error')).toEqual([])
    expect(miner.clock.pending).toBe(0)
  })

  test('the connection: so is every call on it', async () => {
    const { call, peer, miner } = await asked()
    peer.link.close(0, 'client_shutdown')
    expect((call.signal.reason as LevinError).message).toContain('client_shutdown')
    await miner.service.dispatcher.idle()
  })

  test('a signal that is asked for afterwards is aborted', async () => {
    let call: Call | undefined
    let proceed = () => {}
    const { peer } = await pair({}, async (_data, given) => {
      call = given
      await new Promise<void>((resolve) => (proceed = resolve))
      return {}
    })
    const frames = peer.ask('asked')
    await until(() => call !== undefined)
    frames.stream.reset()
    await turn()
    expect(call!.signal.aborted).toBe(true)
    proceed()
  })

  test.each(['at a yield', 'while its chunks are not taken'])(
    "a generator's finally runs: %s",
    async (where) => {
      let left = false
      const { peer, miner } = await pair({ stream: true }, async function* (_data, call) {
        try {
          const size = where === 'at a yield' ? 1 : WINDOW
          for (;;) {
            yield Buffer.alloc(size)
            if (size === 1) await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
          }
        } finally {
          left = true
        }
      })
      const frames = peer.ask('asked')
      frames.stream.pause()
      await turn()
      expect(left).toBe(false)
      frames.stream.reset()
      await until(() => left)
      await miner.service.dispatcher.idle()
      expect(miner.log.at('error')).toEqual([])
    },
  )
})

describe('a call', () => {
  test('knows who asks, from where and what', async () => {
    const calls: Call[] = []
    const { peer, miner } = await pair({}, (_data, call) => {
      calls.push(call)
      call.log.info('seen')
      return call.data
    })
    await peer.answer('asked', { a: 1 })
    await peer.answer('asked', { a: 2 })
    const [first, second] = calls
    expect(first).toMatchObject({
      caller: validatorSigner.hotkey,
      remote: peer.minerLink.remote,
      synapse: 'asked',
    })
    expect(decodeValue(first!.data.bytes)).toEqual({ a: 1 })
    expect(first!.id).not.toBe(second!.id)
    const seen = miner.log.at('info').filter(({ message }) => message === 'seen')
    expect(seen.map(({ fields }) => fields)).toEqual(
      calls.map(({ id }) => ({ call: id, caller: validatorSigner.hotkey, synapse: 'asked' })),
    )
  })

  test('runs beside others on one connection, each with its own answer', async () => {
    const proceed: (() => void)[] = []
    const { peer } = await pair({}, async (data) => {
      await new Promise<void>((resolve) => proceed.push(resolve))
      return data
    })
    const asked = Array.from({ length: 50 }, (_, i) => peer.answer('asked', { i }))
    await until(() => proceed.length === 50)
    for (const resolve of proceed.reverse()) resolve()
    const answers = await Promise.all(asked)
    expect(answers.map(({ data }) => (data as { i: number }).i)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
  })
})

describe('middleware', () => {
  test('sees the request before it is validated, and may refuse it', async () => {
    const seen: string[] = []
    const refuse: Middleware = async (call) => {
      seen.push(call.synapse)
      throw new Error(SECRET)
    }
    const { peer } = await pair({ request: Question }, () => ({}), {}, [refuse])
    expect(await peer.answers('asked', { n: 'wrong' })).toEqual([failed('request processing failed')])
    expect(seen).toEqual(['asked'])
  })

  test('may answer in place of the handler, and is held to the response class', async () => {
    const given = { text: 'from the cache' }
    const cache: Middleware = async () => given
    const { peer } = await pair({ response: Reply }, throws, {}, [cache])
    expect(await peer.answer('asked')).toMatchObject({ success: true, data: given })
    Object.assign(given, { text: 1 })
    expect(await peer.answer('asked')).toMatchObject({ error: 'internal serialization error' })
  })

  test.each([
    ['a plain answer', {}, failed('request processing failed')],
    ['a class', { response: Reply }, failed('request processing failed')],
    ['a stream', { stream: true }, broken('stream processing failed')],
  ] as [string, PlainOptions, Message][])('that forgets to return fails %s, and the log names it', async (_, options, told) => {
    const forgets = async (_call: unknown, next: () => Promise<object>) => {
      await next()
    }
    const { peer, miner } = await pair(options, untyped(() => [{ text: '' }]), {}, [untyped(forgets)])
    const [answer] = await peer.answers('asked')
    expect({ ...answer, ...(told.data !== undefined && { data: {} }) }).toEqual(told)
    expect(miner.log.at('error')).toMatchObject([
      { fields: { error: { message: "middleware 'forgets' returned nothing; write return next()" } } },
    ])
  }) // biome-ignore format: one line

  test.each([
    ['answers nothing', {}, { success: true, data: {} }],
    ['answers nothing where it must', { response: Reply }, { error: 'internal serialization error' }],
  ] as [string, PlainOptions, Partial<Message>][])(
    'is not blamed for a handler that %s',
    async (_, options, told) => {
      const seen: unknown[] = []
      const looks: Middleware = async (_call, next) => {
        const answer = await next()
        seen.push(answer)
        return answer
      }
      const { peer, miner } = await pair(
        options,
        untyped(async () => {}),
        {},
        [looks],
      )
      expect(await peer.answer('asked')).toMatchObject(told)
      expect(seen).toEqual('data' in told ? [{}] : [])
      expect(JSON.stringify(miner.log.lines)).not.toContain('looks')
    },
  )

  test('around a stream is given the iterable', async () => {
    const doubled: Middleware = async (_call, next) => {
      const items = (await next()) as Iterable<Uint8Array>
      return [...items, ...items]
    }
    const { peer } = await pair({ stream: true }, () => [Buffer.from('a')], {}, [doubled])
    expect(await peer.answers('asked')).toEqual([chunk('a'), chunk('a'), END])
  })

  describe('that answers without waiting for next', () => {
    const early: Middleware = async (_call, next) => {
      void next()
      return { text: 'early' }
    }

    test('the call is over when the handler is done', async () => {
      let finish = (_answer: SynapseData): void => {}
      const over: string[] = []
      const { miner, peer, clock } = await pair(
        {},
        (_request, call) => {
          call.onDone(() => over.push('over'))
          return new Promise((resolve) => { finish = resolve }) // biome-ignore format: one line
        },
        {},
        [early],
      )
      const durations: number[] = []
      miner.observers.on('call', ({ durationMs }) => durations.push(durationMs))
      expect(await peer.answer('asked')).toMatchObject({ data: { text: 'early' } })
      await turn()
      expect([over, miner.service.stats(undefined).calls.asked]).toMatchObject([[], { running: 1 }])
      clock.advance(50)
      finish({})
      await miner.service.dispatcher.idle()
      expect([over, durations]).toEqual([['over'], [0]])
    })

    test.each<[string, () => object | Promise<object>]>([
      [
        'throws',
        () => {
          throw new Error('no disk')
        },
      ],
      ['rejects', () => Promise.reject(new Error('no disk'))],
      ['rejects later', () => turn().then(() => Promise.reject(new Error('no disk')))],
    ])('a handler that %s ends no process', async (_, handle) => {
      // biome-ignore format: a table
      const unhandled: unknown[] = []
      const keep = (error: unknown): void => void unhandled.push(error)
      process.on('unhandledRejection', keep)
      try {
        const { miner, peer } = await pair({}, handle as never, {}, [early])
        expect(await peer.answer('asked')).toMatchObject({ data: { text: 'early' } })
        await miner.service.dispatcher.idle()
        await turn()
        expect(unhandled).toEqual([])
      } finally {
        process.off('unhandledRejection', keep)
      }
    })

    test('a stop of the miner reaches the handler', async () => {
      let reason: unknown
      const { miner, peer } = await pair(
        {},
        (_request, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reason = signal.reason
              reject(reason as Error)
            })
          }),
        {},
        [early],
      )
      await peer.answer('asked')
      miner.service.dispatcher.cancelAll('the miner is stopping')
      await miner.service.dispatcher.idle()
      expect(reason).toMatchObject({ message: 'the miner is stopping' })
    })

    test('the handler of a call that is over does not begin', async () => {
      let proceed = (): void => {}
      let late: Promise<object> | undefined
      const waits: Middleware = async (_call, next) => {
        await new Promise<void>((resolve) => { proceed = resolve }) // biome-ignore format: one line
        late = next()
        return late
      }
      let begun = 0
      const { miner, peer } = await pair({}, () => ({ n: ++begun }), {}, [early, waits])
      await peer.answer('asked')
      await miner.service.dispatcher.idle()
      proceed()
      await turn()
      await expect(late).rejects.toMatchObject({ code: 'ABORTED' })
      expect(begun).toBe(0)
    })
  })

  describe('one that waits', () => {
    /** Waits until it is let go, before it goes on or after. */
    function waiting(where: 'before' | 'after') {
      const gate = { open: (): void => {}, nexts: [] as Promise<unknown>[] }
      const passed = new Promise<void>((resolve) => { gate.open = resolve }) // biome-ignore format: one line
      const waits: Middleware = async (_call, next) => {
        if (where === 'before') await passed
        const answer = next()
        gate.nexts.push(answer)
        await answer
        await passed
        return answer
      }
      return { gate, waits }
    }

    test.each<[string, PlainOptions | StreamOptions]>([
      ['a handler', {}],
      ['a generator', { stream: true }],
    ])(
      'until the time is up: %s is not begun, nor what is before it, and next says why',
      async (_, options) => {
        const { gate, waits } = waiting('before')
        let begun = 0
        const counts: Middleware = (_call, next) => {
          begun++
          return next()
        }
        const { miner, peer, clock } = await pair(
          options,
          untyped(() => begun++),
          {},
          [waits, counts],
        )
        const frames = peer.ask('asked')
        await turn()
        clock.advance(30_000)
        expect(await frames.done).toMatchObject([{ error: 'handler timed out' }])
        gate.open()
        await miner.service.dispatcher.idle()
        await expect(gate.nexts[0]).rejects.toThrow('the handler did not finish within 30000 ms')
        expect(begun).toBe(0)
        expect(miner.log.at('error')).toHaveLength(1)
        expect(miner.service.stats(undefined).calls.asked).toMatchObject({
          timedOut: 1,
          failed: 0,
          running: 0,
        })
      },
    )

    test('until the caller is gone: the handler is not begun', async () => {
      const { gate, waits } = waiting('before')
      let begun = 0
      const { miner, peer } = await pair({}, () => ({ n: ++begun }), {}, [waits])
      const frames = peer.ask('asked')
      await turn()
      frames.stream.reset()
      await turn()
      gate.open()
      await miner.service.dispatcher.idle()
      await expect(gate.nexts[0]).rejects.toMatchObject({ code: 'ABORTED' })
      expect(begun).toBe(0)
      expect(miner.log.at('error')).toEqual([])
    })

    test('with the stream that it was given: its generator is not begun', async () => {
      const { gate, waits } = waiting('after')
      let begun = 0
      const { miner, peer, clock } = await pair(
        { stream: true },
        async function* () {
          begun++
          yield Buffer.from('a')
        },
        {},
        [waits],
      )
      const frames = peer.ask('asked')
      await turn()
      clock.advance(30_000)
      expect(await frames.done).toEqual([broken('handler timed out')])
      gate.open()
      await miner.service.dispatcher.idle()
      expect(begun).toBe(0)
    })
  })

  test('a function of onDone that throws costs neither the others nor the process', async () => {
    const over: string[] = []
    const careless: Middleware = (call, next) => {
      call.onDone(() => throws())
      call.onDone(() => over.push('over'))
      return next()
    }
    const { miner, peer } = await pair({}, () => ({}), {}, [careless])
    expect(await peer.answer('asked')).toMatchObject({ success: true })
    await miner.service.dispatcher.idle()
    expect(over).toEqual(['over'])
    expect(miner.log.at('error')).toMatchObject([{ fields: { error: { message: SECRET } } }])
  })

  test('a bad request shows to it as a rejection of next', async () => {
    const seen: unknown[] = []
    const watch: Middleware = (_call, next) =>
      next().catch((error: unknown) => {
        seen.push(error)
        throw error
      })
    const { peer } = await pair({ request: Question }, () => ({}), {}, [watch])
    expect(await peer.answers('asked', {})).toEqual([failed('invalid request format')])
    expect(seen).toHaveLength(1)
  })
})
