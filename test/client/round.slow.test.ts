/** One question to many miners, over real sockets. */
import { describe, expect, test } from 'vitest'
import { type Axon, IsBytes, type Outcome, synapse } from '../../src/index.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import {
  Bytes,
  Count,
  Hang,
  newValidator,
  silentPort,
  startMiner,
  startMiners,
  type Task,
  Work,
} from '../support/subnet.js'

const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })
const task = { text: 'a', n: 3 }
const codes = (outcomes: readonly Outcome<unknown>[]) =>
  outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))

describe('queryAll', () => {
  test('one outcome a target, in their order, with a code that can be scored', async () => {
    const [good, wrong, hanging, closed] = await startMiners(4)
    const rubbish = await startMiner({ signer: signerOf(20), rubbish: true })
    const refusing = await startMiner({ signer: signerOf(21), options: { access: () => false } })
    await closed!.miner.close()
    const axons = [
      good!.axon,
      { ...wrong!.axon, hotkey: signerOf(99).hotkey },
      { ...good!.axon, hotkey: signerOf(98).hotkey, port: await silentPort() },
      rubbish.axon,
      refusing.axon,
      { ...good!.axon, hotkey: 'nobody' },
      closed!.axon,
    ]
    const validator = newValidator({ connectTimeoutMs: 1_000 })
    const outcomes = await validator.queryAll(axons, Work, task)
    expect(codes(outcomes)).toEqual([
      'ok',
      'WRONG_PEER',
      'TIMED_OUT',
      'INVALID_ANSWER',
      'HANDSHAKE_REFUSED',
      'CONFIG',
      'CANNOT_CONNECT',
    ])
    expect(outcomes.map(({ axon }) => axon)).toEqual(axons)
    expect(outcomes[0]).toMatchObject({ data: { text: 'A', miner: good!.axon.hotkey } })
    for (const outcome of outcomes) expect(outcome.latencyMs).toBeGreaterThanOrEqual(0)
    const late = await validator.queryAll([hanging!.axon], Hang, task, { timeoutMs: 20 })
    expect(codes(late)).toEqual(['TIMED_OUT'])
    expect(late[0]).toMatchObject({ error: code('TIMED_OUT'), message: expect.stringContaining('20 ms') })
  })

  test('what the caller knows of an axon stays with it', async () => {
    const { axon } = await startMiner()
    const [outcome] = await newValidator().queryAll([{ ...axon, uid: 7 }], Work, task)
    expect(outcome!.axon.uid).toBe(7)
  })

  test('nobody to ask', async () => {
    expect(await newValidator().queryAll([], Work, task, { enough: 1, deadlineMs: 10 })).toEqual([])
  })

  test('each gets a task of its own', async () => {
    const miners = await startMiners(3)
    const axons = miners.map(({ axon }) => axon)
    const outcomes = await newValidator().queryAll(axons, Work, ({ port }) => ({ text: `for ${port}`, n: 1 }))
    expect(outcomes.map((outcome) => outcome.ok && outcome.data.text)).toEqual(
      axons.map(({ port }) => `FOR ${port}`),
    )
    expect(miners.map(({ ran }) => ran)).toEqual(axons.map(({ port }) => [`for ${port}`]))
  })

  test('a function that throws, and a request that is invalid, are the outcome of that target', async () => {
    const miners = await startMiners(3)
    const validator = newValidator()
    const make = ({ hotkey }: Axon): Task => {
      if (hotkey === miners[0]!.axon.hotkey) throw new Error('no task for you')
      return hotkey === miners[1]!.axon.hotkey ? { text: 'a', n: -1 } : task
    }
    const axons = miners.map(({ axon }) => axon)
    const outcomes = await validator.queryAll(axons, Work, make)
    expect(codes(outcomes)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST', 'ok'])
    expect(outcomes[0]).toMatchObject({ message: expect.stringContaining('no task for you') })
    expect(codes(await validator.queryAll(axons, Work, { text: 'a', n: -1 }))).toEqual(
      Array(3).fill('INVALID_REQUEST'),
    )
    const { calls } = validator.stats().miners[miners[0]!.axon.hotkey]!
    expect(calls).toMatchObject({ running: 0, answered: 0, failed: { INVALID_REQUEST: 2 } })
  })

  test('one request for all is validated once', async () => {
    let checks = 0
    class Counted {
      @IsBytes({ max: 4 })
      get bytes(): Uint8Array {
        checks++
        return new Uint8Array(4)
      }
      set bytes(_value: Uint8Array) {}
    }
    const Checked = synapse('Checked', { request: Counted })
    const miners = await startMiners(5, { with: (miner) => miner.synapse(Checked, () => ({})) })
    const validator = newValidator()
    const axons = miners.map(({ axon }) => axon)
    await validator.setMiners(axons)
    const given = new Counted()
    checks = 0
    expect(codes(await validator.queryAll(axons, Checked, given))).toEqual(Array(5).fill('ok'))
    expect(checks).toBe(1 + 5) // here once, and by each miner
  })

  test('a deadline is over all of them, those not yet asked included', async () => {
    const miners = await startMiners(4)
    const validator = newValidator()
    await validator.setMiners(miners.map(({ axon }) => axon))
    const began = performance.now()
    const outcomes = await validator.queryAll(
      [
        ...miners.map(({ axon }) => axon),
        { ...miners[0]!.axon, hotkey: signerOf(90).hotkey, port: await silentPort() },
      ],
      Hang,
      task,
      { deadlineMs: 500, concurrency: 2 },
    )
    expect(performance.now() - began).toBeGreaterThanOrEqual(499)
    expect(codes(outcomes)).toEqual(Array(5).fill('TIMED_OUT'))
    expect(miners.map(({ hanging }) => hanging.length)).toEqual([1, 1, 0, 0])
  })

  test('no more at once than asked for', async () => {
    const miners = await startMiners(6)
    const validator = newValidator()
    const controller = new AbortController()
    const asking = validator.queryAll(
      miners.map(({ axon }) => axon),
      Hang,
      task,
      {
        concurrency: 2,
        signal: controller.signal,
      },
    )
    await until(() => miners.filter(({ hanging }) => hanging.length > 0).length === 2)
    controller.abort()
    expect(codes(await asking)).toEqual(Array(6).fill('ABORTED'))
    expect(miners.filter(({ hanging }) => hanging.length > 0)).toHaveLength(2)
  })

  test('a signal that came before', async () => {
    const { axon, ran } = await startMiner()
    const outcomes = await newValidator().queryAll([axon], Work, task, { signal: AbortSignal.abort() })
    expect(codes(outcomes)).toEqual(['ABORTED'])
    expect(ran).toEqual([])
  })
})

test('enough good answers cancel the others, on the wire as well', async () => {
  const Half = synapse('Half', {})
  const aborted: string[] = []
  const more = await Promise.all(
    [30, 31, 32, 33].map((byte) =>
      startMiner({
        signer: signerOf(byte),
        with: (miner) =>
          miner.synapse(Half, (_data, call) =>
            byte < 32
              ? {}
              : new Promise(() => call.signal.addEventListener('abort', () => aborted.push(miner.hotkey))),
          ),
      }),
    ),
  )
  const validator = newValidator()
  const axons = more.map(({ axon }) => axon)
  await validator.setMiners(axons)
  const outcomes = await validator.queryAll(axons, Half, {}, { enough: 2 })
  expect(codes(outcomes)).toEqual(['ok', 'ok', 'ABORTED', 'ABORTED'])
  await until(() => aborted.length === 2)
})

describe('queryEach', () => {
  test('as they arrive', async () => {
    const [slow, fast] = await startMiners(2)
    const validator = newValidator()
    const seen: string[] = []
    const axons = [{ ...slow!.axon, port: await silentPort() }, fast!.axon]
    for await (const outcome of validator.queryEach(axons, Work, task, { deadlineMs: 300 }))
      seen.push(outcome.ok ? 'ok' : outcome.code)
    expect(seen).toEqual(['ok', 'TIMED_OUT'])
  })

  test('leaving the loop cancels what still runs', async () => {
    const [first, second] = await startMiners(2)
    const validator = newValidator()
    const each = validator.queryEach([first!.axon, second!.axon], Hang, task, { timeoutMs: 60_000 })
    const pending = each.next()
    await until(() => first!.hanging.length + second!.hanging.length === 2)
    await validator.query(first!.axon, Work, task)
    const signals = [first!, second!].map(({ hanging }) => hanging[0]!.signal)
    validator.close()
    expect((await pending).value).toMatchObject({ ok: false, code: 'CONNECTION_LOST' })
    await each.return!()
    await until(() => signals.every(({ aborted }) => aborted))
  })
})

describe('streams', () => {
  test('of one miner, through the pool', async () => {
    const { axon } = await startMiner()
    const validator = newValidator()
    const seen: number[] = []
    for await (const { n } of validator.stream(axon, Count, task)) seen.push(n)
    expect(seen).toEqual([0, 1, 2])
    expect(validator.stats().miners[axon.hotkey]!.calls).toEqual({ running: 0, answered: 1, failed: {} })
  })

  test('leaving the loop, before and after the first chunk', async () => {
    const { axon } = await startMiner()
    const validator = newValidator()
    for await (const _ of validator.stream(axon, Count, task)) break
    const unread = validator.stream(axon, Count, task)
    await unread.return!()
    expect(await unread.next()).toEqual({ done: true, value: undefined })
    expect(validator.stats().miners[axon.hotkey]!.calls).toEqual({ running: 0, answered: 1, failed: {} })
  })

  test('of many, each with its outcome', async () => {
    const [good, other] = await startMiners(2)
    const validator = newValidator()
    const dead = { ...other!.axon, hotkey: signerOf(99).hotkey }
    const outcomes = await validator.streamAll([good!.axon, dead], Count, task)
    expect(codes(outcomes)).toEqual(['ok', 'WRONG_PEER'])
    expect(outcomes[0]).toMatchObject({ data: [{ n: 0 }, { n: 1 }, { n: 2 }] })
    const each = validator.streamEach([good!.axon], Bytes, { text: '', n: 2 })
    for await (const outcome of each)
      expect(outcome.ok && outcome.data.map(({ length }) => length)).toEqual([65_536, 65_536])
  })

  test('no more bytes than allowed', async () => {
    const { axon } = await startMiner()
    const KIB = 1024
    const read = async (options: object, limits = {}) => {
      let bytes = 0
      for await (const chunk of newValidator(limits).stream(axon, Bytes, task, options)) bytes += chunk.length
      return bytes / KIB
    }
    expect(await read({ maxStreamBytes: 192 * KIB })).toBe(192)
    await expect(read({ maxStreamBytes: 192 * KIB - 1 })).rejects.toEqual(code('LIMIT'))
    await expect(read({}, { maxStreamBytes: 64 * KIB })).rejects.toEqual(code('LIMIT'))
    expect(await read({ maxStreamBytes: Number.POSITIVE_INFINITY }, { maxStreamBytes: 1 })).toBe(192)
  })

  test('a deadline is over the whole stream', async () => {
    const Slow = synapse('Slow', { stream: true })
    const { axon } = await startMiner({
      with: (miner) =>
        miner.synapse(Slow, async function* (_data, call) {
          yield Buffer.from('first')
          await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
        }),
    })
    const seen: string[] = []
    const read = async () => {
      for await (const chunk of newValidator().stream(axon, Slow, {}, { deadlineMs: 300 }))
        seen.push(`${chunk}`)
    }
    await expect(read()).rejects.toThrow('the deadline of the whole call')
    expect(seen).toHaveLength(1)
  })
})

describe('a mistake of the caller', () => {
  test.each([
    { timeout: 12 },
    { timeoutMs: 0 },
    { deadlineMs: 1.5 },
    { signal: {} },
    { concurrency: 0 },
    { enough: 0 },
    { enough: '1' },
  ])('options %j', async (options) => {
    const { axon } = await startMiner()
    const validator = newValidator()
    await expect(validator.queryAll([axon], Work, task, options as object)).rejects.toEqual(code('CONFIG'))
    expect(() => validator.queryEach([axon], Work, task, options as object)).toThrow(code('CONFIG'))
    expect(() => validator.streamEach([axon], Count, task, options as object)).toThrow(code('CONFIG'))
    await expect(validator.query(axon, Work, task, options as object)).rejects.toEqual(code('CONFIG'))
    expect(() => validator.stream(axon, Count, task, options as object)).toThrow(code('CONFIG'))
    const miner = await validator.connect(axon)
    await expect(miner.query(Work, task, options as object)).rejects.toEqual(code('CONFIG'))
  })

  test.each([undefined, null, 1, 'text', [], () => ({})])(
    'a request that is %j is INVALID_REQUEST',
    async (request) => {
      const { axon } = await startMiner()
      const validator = newValidator()
      const Any = synapse('Any', {})
      const AnyStream = synapse('AnyStream', { stream: true })
      for (const definition of [Any, Work])
        await expect(validator.query(axon, definition, request as never)).rejects.toEqual(
          code('INVALID_REQUEST'),
        )
      expect(() => validator.stream(axon, AnyStream, request as never)).toThrow(code('INVALID_REQUEST'))
      const miner = await validator.connect(axon)
      await expect(miner.query(Any, request as never)).rejects.toEqual(code('INVALID_REQUEST'))
    },
  )

  test('connect refuses options that there are not', async () => {
    const { axon } = await startMiner()
    await expect(newValidator().connect(axon, { timeout: 1 } as object)).rejects.toEqual(code('CONFIG'))
  })
})

test('a call has one deadline over connecting and answering', async () => {
  const { axon } = await startMiner()
  const validator = newValidator()
  const dead = { ...axon, port: await silentPort() }
  await expect(validator.query(dead, Work, task, { deadlineMs: 50 })).rejects.toThrow(
    'the deadline of the call',
  )
  await expect(newValidator().query(axon, Hang, task, { deadlineMs: 1_000 })).rejects.toThrow(
    'the deadline of the whole call',
  )
})
