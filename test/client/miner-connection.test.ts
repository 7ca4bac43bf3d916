import { IsInt, IsOptional, IsString, Max } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { MinerConnection } from '../../src/client/miner-connection.js'
import { synapse } from '../../src/contract/definition.js'
import { IsBytes } from '../../src/decorators/is-bytes.js'
import { EncodedMap, type ValidatorOptions } from '../../src/index.js'
import type { LinkStream } from '../../src/transport/link.js'
import { encodeHandshakeResponse } from '../../src/wire/messages.js'
import { turn, until } from '../support/frames.js'
import { minerSigner } from '../support/hotkeys.js'
import { answer, chunk, end, type Script, ScriptedMiner } from '../support/scripted-miner.js'

const MIB = 1024 * 1024

class Question {
  @IsInt() @Max(10) n!: number
  @IsOptional() @IsBytes() payload?: Uint8Array
}
class Reply {
  @IsString() text!: string
}

const Any = synapse('any', {})
const Ask = synapse('ask', { request: Question, response: Reply })
const Bytes = synapse('bytes', { stream: true })
const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port: 8443 }
const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })

function connected(script: Script, options: Partial<ValidatorOptions> = {}) {
  const miner = new ScriptedMiner(script)
  let closed = 0
  const connection = new MinerConnection(axon, miner.validatorLink, miner.settings(options), {
    onClosed: () => closed++,
  })
  return { miner, connection, clock: miner.clock, closed: () => closed }
}

const silent: Script = () => {}
const replies =
  (...frames: Uint8Array[]): Script =>
  (stream) =>
    stream.end(Buffer.concat(frames))

/** Records how a promise ends, from now on. */
function outcome(promise: Promise<unknown>): { error: unknown; value: unknown; settled: boolean } {
  const seen = { error: undefined as unknown, value: undefined as unknown, settled: false }
  promise.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (error: unknown) => Object.assign(seen, { error, settled: true }),
  )
  return seen
}

describe('a query', () => {
  test('sends the request once and gives an instance of the answer', async () => {
    const { connection, miner } = connected(replies(answer({ text: 'yes' })))
    const { data } = await connection.query(Ask, { n: 3 })
    expect(data).toBeInstanceOf(Reply)
    expect(data).toEqual(Object.assign(new Reply(), { text: 'yes' }))
    const timestamp = Math.floor(miner.clock.unixMs() / 1000)
    expect(miner.requests).toEqual([{ type: 'SynapsePacket', synapseType: 'ask', data: { n: 3 }, timestamp }])
    expect(miner.streams[0]!.over).toBe('end')
    expect(miner.clock.pending).toBe(0)
  })

  test('without classes: any map both ways, also one that is encoded', async () => {
    const { connection, miner } = connected(replies(answer({ a: [1, null] })))
    expect((await connection.query(Any, { b: 'c' })).data).toEqual({ a: [1, null] })
    await connection.query(Any, new EncodedMap(Buffer.from('81a16101', 'hex')))
    expect(miner.requests.map(({ data }) => data)).toEqual([{ b: 'c' }, { a: 1 }])
  })

  test('measures from the opening of the stream to the answer', async () => {
    const { connection, miner, clock } = connected(silent)
    const asked = connection.query(Any, {})
    await turn()
    clock.advance(250)
    miner.streams[0]!.stream.end(answer())
    expect((await asked).latencyMs).toBe(250)
  })

  test('an answer in pieces, and an answer before its FIN', async () => {
    const { connection, miner } = connected((stream) => {
      for (const byte of answer({ text: 'yes' })) stream.write(Buffer.from([byte]))
    })
    expect((await connection.query(Ask, { n: 1 })).data.text).toBe('yes')
    miner.streams[0]!.stream.end(Buffer.from('whatever comes after it is not read'))
    await turn()
    expect(miner.validatorLink.streamCount).toBe(0)
  })

  test('what the miner says went wrong', async () => {
    const { connection } = connected(replies(answer({}, 'handler timed out')))
    await expect(connection.query(Any, {})).rejects.toMatchObject({
      code: 'PEER_ERROR',
      peerMessage: 'handler timed out',
    })
  })
})

describe('before anything is sent', () => {
  test('a request that is not its class', async () => {
    const { connection, miner } = connected(silent)
    for (const request of [{ n: 11 }, { n: 'x' }, {}, { n: 1, more: true }, null, [1]]) {
      await expect(connection.query(Ask, request as never)).rejects.toEqual(code('INVALID_REQUEST'))
    }
    expect(miner.streams).toEqual([])
  })

  test('a request that cannot be encoded', async () => {
    const { connection, miner } = connected(silent)
    await expect(connection.query(Any, { when: new Date() as never })).rejects.toEqual(
      code('INVALID_REQUEST'),
    )
    expect(() => connection.stream(Bytes, { when: new Date() as never })).toThrow(code('INVALID_REQUEST'))
    expect(miner.streams).toEqual([])
  })

  test('a request over the limit, which is named', async () => {
    const { connection, miner } = connected(replies(answer({ text: 'fits' })), { maxFrameBytes: MIB })
    const payload = Buffer.alloc(MIB)
    const tooLarge = connection.query(Ask, { n: 1, payload })
    await expect(tooLarge).rejects.toEqual(code('LIMIT'))
    await expect(tooLarge).rejects.toThrow('maxFrameBytes')
    expect(() => connection.stream(Bytes, { payload })).toThrow(code('LIMIT'))
    expect(miner.streams).toEqual([])
    await connection.query(Ask, { n: 1, payload: payload.subarray(50) })
  })

  test('a time that is none', async () => {
    const { connection, miner } = connected(silent)
    for (const timeoutMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      await expect(connection.query(Any, {}, { timeoutMs })).rejects.toEqual(code('CONFIG'))
    }
    expect(miner.streams).toEqual([])
  })

  test('a class that cannot be validated', async () => {
    class Bare {
      n!: number
    }
    const { connection, miner } = connected(silent)
    await expect(connection.query(synapse('bare', { request: Bare }), { n: 1 })).rejects.toEqual(
      code('CONFIG'),
    )
    expect(miner.streams).toEqual([])
  })

  test('a signal that is aborted already', async () => {
    const { connection, miner } = connected(silent)
    const signal = AbortSignal.abort('why')
    await expect(connection.query(Any, {}, { signal })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'why',
    })
    expect(miner.streams).toEqual([])
  })
})

describe('an answer that is none', () => {
  const { timestamp: _, ...refused } = { timestamp: 0, minerHotkey: '', signature: '', accepted: false }
  const handshake = encodeHandshakeResponse({
    ...refused,
    timestamp: 0,
    connectionId: '',
    certFingerprint: null,
  })

  test.each<[string, Script]>([
    ['a handshake response', replies(handshake)],
    ['nothing', (stream) => stream.end()],
    ['half a header', (stream) => stream.end(Buffer.from([4, 0, 0]))],
    ['half a payload', (stream) => stream.end(answer({ text: 'x' }).subarray(0, -1))],
    ['an unknown type', (stream) => stream.end(Buffer.from([0x2a, 0, 0, 0, 0]))],
    ['a length over the limit', (stream) => void stream.write(Buffer.from([4, 0xff, 0xff, 0xff, 0xff]))],
    ['no MessagePack', (stream) => stream.end(Buffer.from([4, 0, 0, 0, 1, 0xc1]))],
    ['a request', (stream) => stream.end(Buffer.from('030000000593a1618000', 'hex'))],
  ])('%s', async (_, script) => {
    const { connection, clock } = connected(script)
    await expect(connection.query(Any, {})).rejects.toEqual(code('PROTOCOL'))
    expect(clock.pending).toBe(0)
  })

  test.each<[string, Uint8Array]>([
    ['a chunk', chunk('x')],
    ['the end of a stream', end()],
  ])('%s: the error says to use stream()', async (_, frame) => {
    const { connection } = connected(replies(frame))
    const failed = connection.query(Any, {})
    await expect(failed).rejects.toEqual(code('PROTOCOL'))
    await expect(failed).rejects.toThrow('use stream()')
  })

  test.each([[{ text: 1 }], [{}], [{ text: 'x', more: 1 }]])('%j is not the class', async (data) => {
    const { connection } = connected(replies(answer(data)))
    await expect(connection.query(Ask, { n: 1 })).rejects.toEqual(code('INVALID_ANSWER'))
    expect(connection.isOpen).toBe(true)
  })
})

describe('time', () => {
  test('the default, from the moment that the miner has the request', async () => {
    const { connection, clock, miner } = connected(silent)
    const seen = outcome(connection.query(Any, {}))
    await turn()
    clock.advance(11_999)
    await turn()
    expect(seen.settled).toBe(false)
    clock.advance(1)
    await turn()
    expect(seen.error).toEqual(code('TIMED_OUT'))
    await turn()
    expect(miner.streams[0]!.stopped).toBe(true)
    expect(miner.validatorLink.streamCount).toBe(0)
  })

  test.each([{ timeoutMs: 5 }])('the one that the caller gives: %j', async (options) => {
    const { connection, clock } = connected(silent)
    const seen = outcome(connection.query(Any, {}, options))
    await turn()
    clock.advance(5)
    await turn()
    expect(seen.error).toEqual(code('TIMED_OUT'))
  })

  test.each([
    [MIB, 7_000],
    [10 * MIB, 16_000],
    [60 * MIB, 60_000],
  ])('writing %d bytes has a budget of its own: %d ms', async (size, budget) => {
    const { connection, clock, miner } = connected(silent)
    const asking = connection.query(Any, { payload: Buffer.alloc(size) }, { timeoutMs: 5 })
    miner.streams[0]!.stream.pause()
    const seen = outcome(asking)
    await turn()
    clock.advance(budget - 1)
    await turn()
    expect(seen.settled).toBe(false)
    clock.advance(1)
    await turn()
    expect(seen.error).toEqual(code('TIMED_OUT'))
  })

  test("when the request is taken at last, the caller's time begins", async () => {
    const { connection, clock, miner } = connected(silent)
    const asking = connection.query(Any, { payload: Buffer.alloc(MIB) }, { timeoutMs: 5 })
    miner.streams[0]!.stream.pause()
    const seen = outcome(asking)
    await turn()
    clock.advance(6_999)
    miner.streams[0]!.stream.resume()
    await turn()
    clock.advance(4)
    await turn()
    expect(seen.settled).toBe(false)
    clock.advance(1)
    await turn()
    expect(seen.error).toEqual(code('TIMED_OUT'))
  })

  test('an answer while the request is still being written is an answer', async () => {
    const { connection, miner } = connected(silent)
    const asking = connection.query(Any, { payload: Buffer.alloc(MIB) })
    miner.streams[0]!.stream.pause()
    miner.streams[0]!.stream.end(answer({}, 'authentication failed'))
    await expect(asking).rejects.toMatchObject({ peerMessage: 'authentication failed' })
    expect(miner.clock.pending).toBe(0)
  })

  test('waiting for a slot counts against the caller’s time, and starts it anew when there is one', async () => {
    const { connection, clock, miner } = connected(silent)
    miner.validatorLink.maxStreams = 1
    const first = connection.query(Any, { i: 1 })
    const never = outcome(connection.query(Any, { i: 2 }, { timeoutMs: 5 }))
    const third = outcome(connection.query(Any, { i: 3 }, { timeoutMs: 10 }))
    await turn()
    clock.advance(5)
    await turn()
    expect(never.error).toEqual(code('TIMED_OUT'))
    miner.streams[0]!.stream.end(answer())
    await first
    await until(() => miner.requests.length === 2)
    clock.advance(9)
    await turn()
    expect(third.settled).toBe(false)
    clock.advance(1)
    await turn()
    expect(third.error).toEqual(code('TIMED_OUT'))
    expect(miner.requests.map(({ data }) => data)).toEqual([{ i: 1 }, { i: 3 }])
  })
})

describe('an abort', () => {
  test('while the miner works: the stream is given up', async () => {
    const { connection, miner, clock } = connected(silent)
    const controller = new AbortController()
    const asking = connection.query(Any, {}, { signal: controller.signal })
    const failed = expect(asking).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    await turn()
    controller.abort('enough')
    await failed
    await turn()
    expect(miner.streams[0]!.stopped).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('while it waits for a slot: nothing is sent', async () => {
    const { connection, miner } = connected(silent)
    miner.validatorLink.maxStreams = 1
    const first = connection.query(Any, { i: 1 })
    const controller = new AbortController()
    const failed = expect(connection.query(Any, { i: 2 }, { signal: controller.signal })).rejects.toEqual(
      code('ABORTED'),
    )
    await turn()
    controller.abort()
    await failed
    miner.streams[0]!.stream.end(answer())
    await first
    await turn()
    expect(miner.requests).toHaveLength(1)
  })

  test('after the answer changes nothing', async () => {
    const { connection } = connected(replies(answer({ fine: true })))
    const controller = new AbortController()
    const { data } = await connection.query(Any, {}, { signal: controller.signal })
    controller.abort()
    expect(data).toEqual({ fine: true })
  })
})

describe('a connection that ends', () => {
  test('a reset stream', async () => {
    const { connection } = connected((stream) => stream.reset())
    await expect(connection.query(Any, {})).rejects.toEqual(code('CONNECTION_LOST'))
    expect(connection.isOpen).toBe(true)
  })

  test('what a miner still sends of an answer when it has closed the connection is not read', async () => {
    const whole = answer({ n: 1 })
    const { connection, miner, clock } = connected((stream) => {
      stream.write(whole.subarray(0, 7))
      miner.link.close(0, 'done')
      stream.end(whole.subarray(7))
    })
    await expect(connection.query(Any, {})).rejects.toEqual(code('CONNECTION_LOST'))
    await turn()
    expect([connection.isOpen, clock.pending]).toEqual([false, 0])
  })

  test('every call on it fails with the reason: running, waiting and later', async () => {
    const { connection, miner, closed, clock } = connected(silent)
    miner.validatorLink.maxStreams = 1
    const calls = [1, 2, 3].map((i) => outcome(connection.query(Any, { i })))
    await turn()
    miner.link.close(0, 'server_shutdown')
    await turn()
    calls.push(outcome(connection.query(Any, {})))
    await turn()
    for (const { error } of calls) {
      expect(error).toEqual(code('CONNECTION_LOST'))
      expect((error as Error).message).toContain('server_shutdown')
    }
    expect([connection.isOpen, closed()]).toEqual([false, 1])
    expect(clock.pending).toBe(0)
  })

  test.each([
    ['cleanup', 'the miner closed the connection (cleanup): it may no longer admit this hotkey'],
    [
      'replaced',
      'another connection of this hotkey took the place of this one (replaced): one hotkey has one connection to a miner',
    ],
    ['server_shutdown', 'the miner stops (server_shutdown)'],
    ['dropped', 'the miner stops (dropped)'],
    ['client_shutdown', 'this side closed the connection (client_shutdown)'],
    ['constructor', 'constructor'],
  ])('%j is said in plain words to all of them', async (reason, words) => {
    const { connection, miner } = connected(silent)
    miner.validatorLink.maxStreams = 1
    const calls = [1, 2].map((i) => outcome(connection.query(Any, { i })))
    await turn()
    miner.link.close(0, reason)
    calls.push(outcome(connection.query(Any, {})))
    await turn()
    for (const { error } of calls) {
      expect(error).toMatchObject({
        code: 'CONNECTION_LOST',
        message: expect.stringMatching(/: no answer: /),
      })
      expect((error as Error).message.split(': no answer: ')[1]).toBe(words)
    }
  })

  test('without a reason there is still its code', async () => {
    const { connection, miner } = connected(silent)
    miner.link.close(7, '')
    await expect(connection.query(Any, {})).rejects.toThrow('no answer: connection closed (peer, code 7)')
  })

  test('by ourselves: the miner is told why', async () => {
    const { connection, miner } = connected(silent)
    const failed = expect(connection.query(Any, {})).rejects.toEqual(code('CONNECTION_LOST'))
    connection.close()
    connection.close()
    await failed
    expect(miner.link.closed).toMatchObject({ by: 'peer', code: 0, reason: 'client_shutdown' })
  })
})

describe('an error names the miner and the synapse, of which there are many', () => {
  const where = { miner: minerSigner.hotkey, synapse: 'ask' }
  const who = `synapse 'ask' of miner ${minerSigner.hotkey}: `

  test('the words of the miner, which are kept as they are', async () => {
    const id = '0123456789abcdef'
    const { connection } = connected(replies(answer({ id }, 'unrecognized synapse type')))
    await expect(connection.query(Ask, { n: 1 })).rejects.toMatchObject({
      ...where,
      code: 'PEER_ERROR',
      message: `${who}the miner answered: unrecognized synapse type (call ${id} in its log)`,
      peerMessage: 'unrecognized synapse type',
      callId: id,
    })
  })

  test('a miner that is silent', async () => {
    const { connection, clock } = connected(silent)
    const seen = outcome(connection.query(Ask, { n: 1 }, { timeoutMs: 300 }))
    await turn()
    clock.advance(300)
    await turn()
    expect(seen.error).toMatchObject({ ...where, message: `${who}nothing came from the miner for 300 ms` })
  })

  test('a connection that closed: before, and meanwhile', async () => {
    const { connection, miner } = connected(silent)
    const running = outcome(connection.query(Ask, { n: 1 }))
    await turn()
    miner.link.close(0, 'cleanup')
    const later = outcome(connection.query(Ask, { n: 1 }))
    await turn()
    for (const { error } of [running, later]) {
      expect(error).toMatchObject({ ...where, code: 'CONNECTION_LOST' })
      expect((error as Error).message).toContain(who)
    }
  })

  test('the caller, with the cause', async () => {
    const { connection } = connected(silent)
    const aborted = connection.query(Ask, { n: 1 }, { signal: AbortSignal.abort('why') })
    await expect(aborted).rejects.toMatchObject({ ...where, code: 'ABORTED', cause: 'why' })
  })

  test('an answer that is not its class, and a request that is none', async () => {
    const { connection } = connected(replies(answer({ text: 1 })))
    await expect(connection.query(Ask, { n: 1 })).rejects.toMatchObject({
      ...where,
      code: 'INVALID_ANSWER',
      message: `${who}the answer: text must be a string`,
    })
    await expect(connection.query(Ask, { n: 11 })).rejects.toMatchObject({
      ...where,
      code: 'INVALID_REQUEST',
      message: `${who}the request: n must not be greater than 10`,
    })
  })
})

describe('more calls than the miner allows at once', () => {
  test.each([1, 3, 128])(
    '%d streams for 500 calls: all are answered, in their order, none crossed',
    async (slots) => {
      let running = 0
      let most = 0
      const { connection, miner } = connected((stream, request) => {
        most = Math.max(most, ++running)
        void turn().then(() => {
          running--
          stream.end(answer(request.data as object))
        })
      })
      miner.validatorLink.maxStreams = slots
      const done: number[] = []
      const calls = Array.from({ length: 500 }, async (_, i) => {
        const { data } = await connection.query(Any, { i })
        done.push(data.i as number)
        return data.i
      })
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 500 }, (_, i) => i))
      expect(done).toEqual(Array.from({ length: 500 }, (_, i) => i))
      expect(most).toBe(slots)
    },
  )

  test('a call that gives up leaves its place to the next', async () => {
    const held: LinkStream[] = []
    const { connection, miner } = connected((stream) => held.push(stream))
    miner.validatorLink.maxStreams = 1
    const controller = new AbortController()
    const first = outcome(connection.query(Any, {}, { signal: controller.signal }))
    const second = connection.query(Any, {})
    await turn()
    controller.abort()
    await until(() => held.length === 2)
    held[1]!.end(answer({ second: true }))
    expect((await second).data).toEqual({ second: true })
    expect(first.error).toEqual(code('ABORTED'))
  })

  test('that wait when the connection is retired go to its successor, and keep their time', async () => {
    const { connection, miner, clock } = connected(silent)
    miner.validatorLink.maxStreams = 1
    const running = outcome(connection.query(Any, { i: 0 }))
    const [late, next] = [1, 2].map((i) => outcome(connection.query(Any, { i }, { timeoutMs: i * 100 })))
    await turn()
    const successor = connected(silent)
    successor.miner.validatorLink.maxStreams = 1
    const holder = successor.connection.query(Any, { i: 9 })
    await turn()
    connection.retire(successor.connection)
    clock.advance(100)
    await turn()
    expect(late!.error).toEqual(code('TIMED_OUT'))
    successor.miner.streams[0]!.stream.end(answer())
    await holder
    await turn()
    expect(successor.miner.requests.map(({ data }) => data)).toEqual([{ i: 9 }, { i: 2 }])
    expect(miner.requests.map(({ data }) => data)).toEqual([{ i: 0 }])
    expect([running.settled, next!.settled]).toEqual([false, false])
  })

  test('that wait when the connection is retired for nobody fail: nothing was sent of them', async () => {
    const { connection, miner } = connected(silent)
    miner.validatorLink.maxStreams = 1
    const running = outcome(connection.query(Any, { i: 0 }))
    const waiting = outcome(connection.query(Any, { i: 1 }))
    await turn()
    connection.retire(undefined)
    await turn()
    expect(waiting.error).toEqual(code('CONNECTION_LOST'))
    expect(running.settled).toBe(false)
    expect(miner.requests).toHaveLength(1)
  })
})
