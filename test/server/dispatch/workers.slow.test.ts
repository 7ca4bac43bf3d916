/** Needs the built package: `npm test` builds it. */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HandlerRecord, handlersOf } from '../../../src/decorators/metadata.js'
import { signBtauth } from '../../../src/doors/btauth.js'
import type { HandlerClass } from '../../../src/server/dispatch/container.js'
import { Workers } from '../../../src/server/dispatch/workers.js'
import { openDoors } from '../../../src/server/doors/http-doors.js'
import { checkHttpOptions } from '../../../src/server/doors/options.js'
import type { AnyMiddleware } from '../../../src/server/policy/middleware.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../../src/testing/recording-logger.js'
import { until } from '../../support/frames.js'
import { minerSigner, validatorSigner } from '../../support/hotkeys.js'
import { type Peer, ServedMiner } from '../../support/served-miner.js'
import { callOf } from '../policy/calls.js'

const module = new URL('../../support/threaded.mjs', import.meta.url).href
const entry = new URL('../../../dist/server/dispatch/worker-thread.js', import.meta.url)
const { Threaded, NeedsInterface, hidden } = (await import(module)) as {
  Threaded: HandlerClass
  NeedsInterface: HandlerClass
  hidden: () => HandlerClass
}

/** Its time is that of the grace and of loading; the calls' is the miner's. */
const clock = new FakeClock()
const log = new RecordingLogger()
let workers: Workers

function declared(type: HandlerClass, records: HandlerRecord[] = handlersOf(type), from = module) {
  return records.map(({ definition }) => ({
    definition,
    where: type.name,
    invoke: () => workers.handler({ type, definition, scope: 'miner', module: from }),
  }))
}

async function served(threads = 1, middleware: AnyMiddleware[] = []) {
  workers = new Workers(threads, clock, log, entry)
  const miner = new ServedMiner(declared(Threaded), {}, middleware)
  await workers.start()
  return { miner, peer: await miner.authenticated() }
}

const said = (miner: ServedMiner, message: string) =>
  miner.log.lines.filter((line) => line.message === message)
const begun = (miner: ServedMiner, times = 1) => until(() => said(miner, 'begun').length === times)

/** Asks, waits until the handler runs in its thread, and lets the handler's time be up. */
async function timedOut(miner: ServedMiner, peer: Peer, synapse: string): Promise<void> {
  const answer = peer.answer(synapse)
  await begun(miner)
  miner.clock.advance(30_000)
  expect(await answer).toMatchObject({ error: 'handler timed out' })
}

afterEach(async () => {
  await workers.stop()
  log.lines.length = 0
})

describe('a call', () => {
  test('is answered by an instance in a thread, made once and started once', async () => {
    const { peer } = await served()
    const payload = Buffer.alloc(100_000, 'abc')
    const hex = createHash('sha256').update(payload).digest('hex')
    expect(await peer.answer('digest', { payload, n: 1 })).toMatchObject({ data: { hex, calls: 1 } })
    expect(await peer.answer('digest', { payload, n: 1 })).toMatchObject({ data: { hex, calls: 2 } })
    expect(await peer.answer('about')).toMatchObject({ data: { starts: 1 } })
  })

  test('is refused in the miner when its request is invalid', async () => {
    const { peer } = await served()
    expect(await peer.answer('digest', { n: 'x' })).toMatchObject({ error: 'invalid request format' })
    expect(await peer.answer('digest', { payload: Buffer.of(), n: 1 })).toMatchObject({ data: { calls: 1 } })
  })

  test('has what a call has, and what middleware added as far as it can be copied', async () => {
    const ids: string[] = []
    const adds: AnyMiddleware = (call, next) => {
      ids.push(call.id)
      return next({ plan: { name: 'gold' }, helper: () => {} })
    }
    const { miner, peer } = await served(1, [adds])
    const { data } = await peer.answer('call', { a: 2n ** 60n })
    expect(data).toEqual({
      data: { a: 2n ** 60n },
      call: {
        id: ids[0],
        caller: validatorSigner.hotkey,
        remote: { host: '127.0.0.1', port: 50_000 },
        door: 'quic',
        synapse: 'call',
        deadline: miner.clock.unixMs() + 30_000,
        plan: { name: 'gold' },
        hasHelper: false,
      },
    })
  })

  test('may come by HTTP: its JSON is as MessagePack there', async () => {
    const { miner } = await served()
    const closed = { host: '127.0.0.1', port: 0 }
    const doors = await openDoors(miner.service, checkHttpOptions(true, 1024 * 1024), closed)
    let asked = 0n
    const ask = async (name: string, data: object) => {
      const body = JSON.stringify(data)
      const headers = await signBtauth(validatorSigner, {
        method: 'POST',
        target: `/${name}`,
        body: Buffer.from(body),
        receiver: minerSigner.hotkey,
        nowNs: BigInt(miner.clock.unixMs()) * 1_000_000n + asked++,
      })
      const { port } = doors.address
      return (await fetch(`http://127.0.0.1:${port}/${name}`, { method: 'POST', headers, body })).json()
    }
    const payload = Buffer.from('some bytes')
    const hex = createHash('sha256').update(payload).digest('hex')
    expect(await ask('digest', { payload: payload.toString('base64'), n: 1 })).toEqual({ hex, calls: 1 })
    expect(await ask('echo', { z: 1, a: ['x'] })).toEqual({ z: 1, a: ['x'] })
    expect(await ask('call', {})).toMatchObject({ call: { door: 'btauth', caller: validatorSigner.hotkey } })
    await doors.close(0)
  })

  test('may be answered with its own bytes', async () => {
    const { peer } = await served()
    expect(await peer.answer('echo', { z: 1, a: [Buffer.from('x')] })).toMatchObject({
      data: { z: 1, a: [Buffer.from('x')] },
    })
  })

  test("writes to the miner's log, with the call's fields, before it is answered", async () => {
    const { miner, peer } = await served()
    await peer.answer('log')
    const fields = { call: expect.any(String), caller: validatorSigner.hotkey, synapse: 'log' }
    expect(said(miner, 'an ordinary line')).toEqual([
      { level: 'info', message: 'an ordinary line', fields: { ...fields, n: 1 } },
    ])
    expect(said(miner, 'not to be copied')).toEqual([
      {
        level: 'warn',
        message: 'not to be copied',
        fields: { ...fields, fields: '{ run: [Function: run] }' },
      },
    ])
  })

  test('may bring its deadline forward', async () => {
    const { miner, peer } = await served()
    const answer = peer.answer('limit')
    await until(() => said(miner, 'limited').length === 1)
    miner.clock.advance(5_000)
    expect(await answer).toMatchObject({ error: 'handler timed out' })
    clock.advance(1_000)
  })
})

describe('an error', () => {
  test.each([
    ['fail', 'request processing failed', { name: 'TypeError', message: 'no such file', code: 'ENOENT' }],
    ['bad', 'internal serialization error', { message: expect.stringContaining('hex must be a string') }],
    ['uncodable', 'internal serialization error', { message: expect.stringContaining('answer.run') }],
    ['exit', 'request processing failed', { message: expect.stringContaining('exited with code: 3') }],
  ])('of %s is told in the words of the protocol, and in the log in its own', async (name, text, error) => {
    const { miner, peer } = await served()
    expect(await peer.answer(name)).toMatchObject({ success: false, error: text })
    expect(miner.log.at('error')).toMatchObject([{ message: 'a call failed', fields: { error } }])
    expect(await peer.answer('about')).toMatchObject({ success: true, data: { starts: 1 } })
  })

  test('that refuses is a refusal here, too', async () => {
    const { miner, peer } = await served()
    expect(await peer.answer('refuse')).toMatchObject({ error: 'request processing failed' })
    expect(miner.log.at('error')).toEqual([])
    expect(said(miner, 'refused a request')).toMatchObject([{ fields: { reason: 'not today' } }])
  })
})

describe('when nobody waits any more', () => {
  test.each(['waits', 'spins'])('%s sees it, and its thread goes on', async (name) => {
    const { miner, peer } = await served()
    const { data } = (await peer.answer('about')) as { data?: { thread: number } }
    await timedOut(miner, peer, name)
    await miner.service.dispatcher.idle()
    expect(said(miner, 'gave up')).toHaveLength(1)
    clock.advance(1_000)
    expect(await peer.answer('about')).toMatchObject({ data: { thread: data!.thread } })
  })

  test('one that ignores it for 1 s is ended with its thread, and another thread takes the next call', async () => {
    const { miner, peer } = await served()
    const { data } = (await peer.answer('about')) as { data?: { thread: number } }
    await timedOut(miner, peer, 'deaf')
    const next = peer.ask('about')
    clock.advance(999)
    expect(said(miner, 'ended the thread of a handler that ignored its signal')).toEqual([])
    clock.advance(1)
    expect(said(miner, 'ended the thread of a handler that ignored its signal')).toHaveLength(1)
    const [answer] = await next.done
    expect(answer).toMatchObject({ success: true, data: { starts: 1 } })
    expect((answer as { data?: { thread: number } }).data!.thread).not.toBe(data!.thread)
  })

  test('a call that still waits for a thread leaves, and no thread is ended for it', async () => {
    const { miner, peer } = await served()
    const outcomes: string[] = []
    miner.observers.on('call', ({ synapse, outcome }) => outcomes.push(`${synapse} ${outcome}`))
    const first = peer.ask('waits')
    await begun(miner)
    const second = peer.ask('digest', { payload: Buffer.of(), n: 1 })
    await until(() => miner.clock.pending === 2)
    second.stream.reset()
    await until(() => outcomes.length > 0)
    expect(outcomes).toEqual(['digest aborted'])
    miner.clock.advance(30_000)
    await first.done
    await miner.service.dispatcher.idle()
    expect(clock.pending).toBe(0)
    expect(await peer.answer('digest', { payload: Buffer.of(), n: 1 })).toMatchObject({ data: { calls: 1 } })
  })
})

describe('a thread', () => {
  test('is given back, and the answer given, when the log fails', async () => {
    const { miner, peer } = await served()
    miner.log.warn = () => {
      throw new Error('the disk is full')
    }
    expect(await peer.answer('log')).toMatchObject({ success: true })
    expect(await peer.answer('about')).toMatchObject({ success: true })
  })

  test('that could not be made ready tries again with the next call', async () => {
    const { peer } = await served()
    process.env.LEVIN_TEST_STARTS = 'fail'
    try {
      await peer.answer('exit')
      expect(await peer.answer('about')).toMatchObject({ error: 'request processing failed' })
    } finally {
      delete process.env.LEVIN_TEST_STARTS
    }
    expect(await peer.answer('about')).toMatchObject({ data: { starts: 1 } })
  })

  test('that takes the place of another starts before it is given a call, so that no call ends it meanwhile', async () => {
    const { miner, peer } = await served()
    const starts = new BroadcastChannel('levin-test-starts')
    const starting = new Promise((resolve) => {
      starts.onmessage = resolve
    })
    process.env.LEVIN_TEST_STARTS = 'wait'
    try {
      await timedOut(miner, peer, 'deaf')
      clock.advance(1000)
      await starting
      const early = peer.answer('about')
      await until(() => miner.clock.pending === 1)
      miner.clock.advance(30_000)
      expect(await early).toMatchObject({ error: 'handler timed out' })
      clock.advance(1000)
      starts.postMessage('go')
      expect(await peer.answer('about')).toMatchObject({ data: { starts: 1 } })
    } finally {
      delete process.env.LEVIN_TEST_STARTS
      starts.close()
    }
  })

  test('is not given to a call that was aborted as its turn came', async () => {
    workers = new Workers(1, clock, log, entry)
    const invokes = new Map(declared(Threaded).map(({ definition, invoke }) => [definition.name, invoke()]))
    await workers.start()
    const [first, second, third] = [callOf('a', 'about'), callOf('a', 'about'), callOf('a', 'about')]
    vi.spyOn(second.signal, 'removeEventListener').mockImplementationOnce(() =>
      queueMicrotask(() => second.abort(new Error('gone'))),
    )
    const answers = [first, second, third].map((call) => invokes.get('about')!({}, call))
    expect(await Promise.allSettled(answers)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: 'gone' } },
      { status: 'fulfilled' },
    ])
  })
})

test('as many calls as there are threads run at once, the others wait their turn', async () => {
  const { miner, peer } = await served(2)
  const calls = [peer.ask('waits'), peer.ask('waits'), peer.ask('about')]
  await begun(miner, 2)
  expect(calls[2]!.messages).toEqual([])
  miner.service.dispatcher.cancelAll('enough')
  await miner.service.dispatcher.idle()
  expect(await peer.answer('about')).toMatchObject({ data: { starts: 1 } })
})

describe('refused at the start', () => {
  const start = (type: HandlerClass, records?: HandlerRecord[], from?: string) => {
    workers = new Workers(1, clock, log, entry)
    for (const { invoke } of declared(type, records, from)) invoke()
    return workers.start()
  }
  const config = (message: RegExp) => ({ code: 'CONFIG', message: expect.stringMatching(message) })

  test('a class that its module does not export', async () => {
    await expect(start(hidden(), handlersOf(NeedsInterface))).rejects.toMatchObject(
      config(/^Hidden, .*'answer'.*write `export class Hidden`/),
    )
  })

  test('a class that a thread cannot make', async () => {
    await expect(start(NeedsInterface)).rejects.toMatchObject(config(/NeedsInterface cannot be made/))
  })

  test("the program's main module, which each thread would run again", async () => {
    const main = new URL(`file://${process.argv[1]}`).href
    await expect(start(Threaded, undefined, main)).rejects.toMatchObject(config(/a module of its own/))
  })

  test('a module that does not finish loading, since it waits for listen() itself', async () => {
    const waits = `data:text/javascript,${encodeURIComponent('await new Promise(() => {})')}`
    const starting = start(Threaded, handlersOf(Threaded).slice(0, 1), waits)
    const refused = expect(starting).rejects.toMatchObject(config(/a module of its own/))
    await until(() => clock.pending === 1)
    clock.advance(10_000)
    await refused
  })

  test('everything, without piscina', async () => {
    vi.doMock('piscina', () => {
      throw new Error('Cannot find package')
    })
    try {
      await expect(start(Threaded)).rejects.toMatchObject(config(/npm install piscina/))
    } finally {
      vi.doUnmock('piscina')
    }
  })
})

test('without such a handler nothing is started, nor piscina imported', async () => {
  workers = new Workers(1, clock, log, new URL('file:///nowhere.js'))
  await expect(workers.start()).resolves.toBeUndefined()
})
