/** Middleware around a validator's calls, and what is counted and told of them. */
import { describe, expect, test } from 'vitest'
import { type QueryEvent, type QueryMiddleware, retry } from '../../src/index.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { Count, Hang, newValidator, Rubbish, Safe, startMiner, startMiners, Work } from '../support/subnet.js'

const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })
const task = { text: 'a', n: 2 }

describe('use', () => {
  test('runs around each call, in order, and sees who is asked for what', async () => {
    const { axon } = await startMiner()
    const seen: string[] = []
    const named =
      (name: string): QueryMiddleware =>
      async (query, next) => {
        seen.push(`${name} ${query.synapse.name} ${JSON.stringify(query.request)}`)
        const answer = await next()
        seen.push(`${name} has it`)
        return answer
      }
    const validator = newValidator().use(named('outer')).use(named('inner'))
    await validator.query(axon, Work, task)
    await validator.queryAll([axon], Work, task)
    const once = [
      'outer Work {"text":"a","n":2}',
      'inner Work {"text":"a","n":2}',
      'inner has it',
      'outer has it',
    ]
    expect(seen).toEqual([...once, ...once])
  })

  test('may answer by itself, and change what is answered', async () => {
    const { axon, ran } = await startMiner()
    const validator = newValidator().use(async () => ({ data: { text: 'cached', miner: '' }, latencyMs: 0 }))
    expect((await validator.query(axon, Work, task)).data.text).toBe('cached')
    expect(ran).toEqual([])
  })

  test('of a stream it is given the chunks', async () => {
    const { axon } = await startMiner()
    const doubled: QueryMiddleware = async (_query, next) => {
      const { data, latencyMs } = await next()
      return {
        data: (async function* () {
          for await (const { n } of data as AsyncIterable<{ n: number }>) yield { n: 2 * n }
        })(),
        latencyMs,
      }
    }
    const seen: number[] = []
    for await (const { n } of newValidator()
      .use(doubled)
      .stream(axon, Count, { ...task, n: 3 }))
      seen.push(n)
    expect(seen).toEqual([0, 2, 4])
  })

  test('what it throws is what the caller gets, and an outcome among many', async () => {
    const { axon } = await startMiner()
    const validator = newValidator().use(() => {
      throw new Error('not today')
    })
    await expect(validator.query(axon, Work, task)).rejects.toThrow(/INTERNAL|not today/)
    expect(await validator.queryAll([axon], Work, task)).toMatchObject([{ ok: false, code: 'INTERNAL' }])
  })

  test('too late, or none, or one that answers nothing', async () => {
    const { axon } = await startMiner()
    const validator = newValidator().use((async () => {}) as unknown as QueryMiddleware)
    expect(() => validator.use(undefined as never)).toThrow(code('CONFIG'))
    await expect(validator.query(axon, Work, task)).rejects.toThrow('returned nothing')
    expect(() => validator.use((_query, next) => next())).toThrow(code('CONFIG'))
  })

  test('never asks twice what may have run, unless the definition says that it may', async () => {
    const { axon, ran } = await startMiner()
    const twice: QueryMiddleware = async (_query, next) => {
      await next()
      return next()
    }
    const validator = newValidator().use(twice)
    await expect(validator.query(axon, Work, task)).rejects.toEqual(code('CONFIG'))
    expect(ran).toEqual(['a'])
    await validator.query(axon, Safe, task)
    expect(ran).toEqual(['a', 'a', 'a'])
  })
})

describe('retry', () => {
  test('asks again what is idempotent, when the connection was lost', async () => {
    const { miner, axon, ran } = await startMiner()
    let cuts = 0
    const cut: QueryMiddleware = async (_query, next) => {
      const answer = await next()
      if (cuts++ > 0) return answer
      throw Object.assign(await validator.query({ ...axon, port: 1 }, Work, task).catch((error) => error))
    }
    const validator = newValidator()
      .use(retry([Safe], { attempts: 3, delayMs: 1 }))
      .use(cut)
    await validator.query(axon, Safe, task)
    expect(ran).toEqual(['a', 'a'])
    expect(miner.hotkey).toBe(axon.hotkey)
  })

  test('gives up after its attempts, and never touches what is not idempotent', async () => {
    const axon = { hotkey: signerOf(1).hotkey, host: '127.0.0.1', port: 1 }
    let asked = 0
    const counted: QueryMiddleware = (_query, next) => {
      asked++
      return next()
    }
    const validator = newValidator()
      .use(retry([Safe], { attempts: 3, delayMs: 1 }))
      .use(counted)
    await expect(validator.query(axon, Safe, task)).rejects.toEqual(code('CANNOT_CONNECT'))
    expect(asked).toBe(3)
    await expect(validator.query(axon, Work, task)).rejects.toEqual(code('CANNOT_CONNECT'))
    expect(asked).toBe(4)
  })

  test('waits no longer than its caller', async () => {
    const axon = { hotkey: signerOf(1).hotkey, host: '127.0.0.1', port: 1 }
    const validator = newValidator().use(retry([Safe], { attempts: 3, delayMs: 600_000 }))
    const controller = new AbortController()
    const failed = expect(validator.query(axon, Safe, task, { signal: controller.signal })).rejects.toEqual(
      code('CANNOT_CONNECT'),
    )
    await until(() => validator.stats().connections.backingOff === 1)
    controller.abort()
    await failed
  })

  test.each([{ attempts: 1 }, { delayMs: -1 }, { tries: 2 }])('options %j', (options) => {
    expect(() => retry([Safe], options as object)).toThrow(code('CONFIG'))
  })

  test('a definition that is not idempotent', () => {
    expect(() => retry([Work as unknown as typeof Safe])).toThrow(code('CONFIG'))
    expect(() => retry(Safe as never)).toThrow(code('CONFIG'))
  })
})

describe('stats and events', () => {
  test('calls by outcome, latency, bytes, and the state of each miner', async () => {
    const [miner, other] = await startMiners(2)
    const validator = newValidator()
    const events: QueryEvent[] = []
    const remove = validator.on('call', (event) => events.push(event))
    const { axon } = miner!
    await validator.query(axon, Work, task)
    await validator.query(axon, Hang, task, { timeoutMs: 10 }).catch(() => {})
    await validator.query(axon, Rubbish, {}).catch(() => {})
    await validator.setMiners([axon, other!.axon])
    const { connections, miners } = validator.stats()
    expect(connections).toEqual({ connected: 2, connecting: 0, backingOff: 0, idle: 0 })
    expect(miners[axon.hotkey]).toEqual({
      host: '127.0.0.1',
      port: axon.port,
      door: 'quic',
      state: 'connected',
      retryInMs: undefined,
      lastFailure: undefined,
      attempts: 1,
      calls: { running: 0, answered: 1, failed: { TIMED_OUT: 1, PEER_ERROR: 1 } },
      latency: { boundsMs: expect.any(Array), counts: expect.any(Array), sumMs: expect.any(Number) },
      bytesOut: expect.any(Number),
      bytesIn: expect.any(Number),
      clockSkewSeconds: expect.any(Number),
    })
    const { latency, bytesOut, bytesIn } = miners[axon.hotkey]!
    expect(latency.counts.reduce((sum, count) => sum + count)).toBe(1)
    expect(latency.counts).toHaveLength(latency.boundsMs.length + 1)
    expect(bytesOut).toBeGreaterThan(60)
    expect(bytesIn).toBeGreaterThan(60)
    expect(miners[other!.axon.hotkey]).toMatchObject({ state: 'connected', bytesOut: 0 })
    expect(events.map(({ outcome, synapse }) => [outcome, synapse])).toEqual([
      ['answered', 'Work'],
      ['TIMED_OUT', 'Hang'],
      ['PEER_ERROR', 'Work'],
    ])
    expect(JSON.parse(JSON.stringify(validator.stats())).miners[axon.hotkey].state).toBe('connected')
    remove()
    await validator.query(axon, Work, task)
    expect(events).toHaveLength(3)
  })

  test('what never happens cannot be listened to', () => {
    expect(() => newValidator().on('handshake' as 'call', () => {})).toThrow(code('CONFIG'))
  })
})

test('a retry keeps to the deadline of the call, its waits as well', async () => {
  const { axon, miner } = await startMiner()
  await miner.close()
  let times = 0
  const counted: QueryMiddleware = (_query, next) => {
    times++
    return next()
  }
  const validator = newValidator({ reconnect: { firstMs: 10, fastTries: 100 } })
    .use(retry([Safe], { attempts: 100, delayMs: 40 }))
    .use(counted)
  const [outcome] = await validator.queryAll([axon], Safe, task, { deadlineMs: 100 })
  // 0, 40, and no more: the next would wait for 80.
  expect(outcome).toMatchObject({ ok: false, code: 'CANNOT_CONNECT' })
  expect(times).toBeLessThanOrEqual(2)
})
