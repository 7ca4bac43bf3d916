import { describe, expect, test, vi } from 'vitest'
import { synapse } from '../../../src/contract/definition.js'
import type { Call } from '../../../src/index.js'
import type { Middleware, Next } from '../../../src/server/policy/middleware.js'
import { type PriorityOptions, priority } from '../../../src/server/policy/priority.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { turn, until } from '../../support/frames.js'
import { handler, ServedMiner } from '../../support/served-miner.js'
import { Bench, callOf, hotkeyOf } from './calls.js'

const SHED = 'REFUSED'
/** Ten validators, the tenth with a stake of a million. */
const STAKES = new Map(Array.from({ length: 10 }, (_, n) => [hotkeyOf(n + 1), 10 ** ((n * 6) / 9)]))
const stakeOf = (call: Call): number => STAKES.get(call.caller) ?? 0

/** With every place taken, 20 calls of each hotkey, dealt out one by one, lowest stake first; each takes `handlerMs`. */
async function serve200(options: PriorityOptions, handlerMs: number) {
  const bench = new Bench((clock) => [priority(stakeOf, options, clock)])
  const taken = await Promise.all([1, 2, 3, 4].map((n) => bench.ask(`${n}`, callOf(`other ${n}`))))
  const finished: { hotkey: string; at: number }[] = []
  const refused: string[] = []
  for (let n = 0; n < 20; n++) {
    for (const hotkey of STAKES.keys()) {
      bench
        .ask(`${hotkey} ${n}`, callOf(hotkey))
        .then(({ outcome }) => outcome === SHED && refused.push(hotkey))
    }
  }
  await turn()
  const refusedAtOnce = [...refused]
  for (const { finish } of taken) finish()
  await turn()
  while (bench.running.size > 0) {
    expect(bench.running.size).toBeLessThanOrEqual(4)
    bench.clock.advance(handlerMs)
    for (const asked of [...bench.running.values()]) {
      finished.push({ hotkey: asked.call.caller, at: bench.clock.monotonicMs() })
      asked.finish()
    }
    await turn()
  }
  return { finished, refused, refusedAtOnce }
}
const mean = (numbers: number[]): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length

test('a call that was aborted before its turn to ask takes no place', async () => {
  let proceed = (): void => {}
  const waits: Middleware = async (_call, next) => {
    await new Promise<void>((resolve) => {
      proceed = resolve
    })
    return next()
  }
  const places = priority(stakeOf, { concurrency: 1 })
  const started = vi.fn((_call: Call, next: Next) => next())
  const bench = new Bench(() => [waits, places, started])
  const late = await bench.ask('late', callOf('caller'))
  late.call.abort(new Error('the time is up'))
  proceed()
  expect(places.stats()).toMatchObject({ running: 0 })
  await turn()
  expect(late.outcome).toMatchObject({ message: 'the time is up' })
  expect([started.mock.calls, bench.started]).toEqual([[], []])
})

describe('200 calls of 10 hotkeys at concurrency 4', () => {
  test('finish in the order of stake, four hotkeys side by side', async () => {
    const { finished } = await serve200({ concurrency: 4 }, 20)
    expect(finished).toHaveLength(200)
    const timesOf = (who: string) => finished.filter(({ hotkey }) => hotkey === who).map(({ at }) => at)
    const means = [...STAKES.keys()].map((who) => mean(timesOf(who)))
    const last = [...STAKES.keys()].map((who) => Math.max(...timesOf(who)))
    expect(means).toEqual([...means].sort((a, b) => b - a))
    expect(last).toEqual([...last].sort((a, b) => b - a))
    expect(last).toEqual([1_000, 1_000, 800, 800, 800, 800, 400, 400, 400, 400])
    // no hotkey has two calls running while another one waits
    for (let n = 0; n < 80; n += 4) {
      expect(new Set(finished.slice(n, n + 4).map(({ hotkey }) => hotkey)).size).toBe(4)
    }
  })

  test('nobody starves, however long they take: each hotkey is served within agingMs and a round', async () => {
    const handlerMs = 1_000
    const { finished } = await serve200({ concurrency: 4 }, handlerMs)
    const waits = [...STAKES.keys()].map((who) => {
      const times = [0, ...finished.filter(({ hotkey }) => hotkey === who).map(({ at }) => at - handlerMs)]
      return Math.max(...times.slice(1).map((at, n) => at - times[n]!))
    })
    const worst = Math.max(...waits)
    console.info(`200 calls of 1 s: the longest that a hotkey waited for a place is ${worst} ms`)
    // 10 hotkeys at 4 places: who is due waits for at most three rounds more
    expect(worst).toBeLessThanOrEqual(5_000 + 3 * handlerMs)
  })

  test('beyond the queue they are refused at once, and fairly', async () => {
    const { finished, refused, refusedAtOnce } = await serve200({ concurrency: 4, maxWaiting: 96 }, 20)
    expect(finished).toHaveLength(96)
    for (const who of STAKES.keys()) {
      const served = finished.filter(({ hotkey }) => hotkey === who).length
      expect([9, 10]).toContain(served)
    }
    expect(refusedAtOnce).toHaveLength(104)
    expect(refused).toEqual(refusedAtOnce)
  })
})

test('a flood of one hotkey neither keeps others out of the queue nor out of a place', async () => {
  const bench = new Bench((clock) => [priority(stakeOf, { concurrency: 2, maxWaiting: 16 }, clock)])
  const rich = hotkeyOf(10)
  for (let n = 0; n < 100; n++) bench.askLater(`rich ${n}`, callOf(rich))
  const poor = await bench.ask('poor', callOf(hotkeyOf(1)))
  expect(poor.outcome).toBeUndefined()
  await bench.finish('rich 0')
  expect(bench.running.has('poor')).toBe(true)
})

test('defaults: 64 run, 256 wait, one more is refused', async () => {
  const plugin = priority(() => 0, {}, new FakeClock())
  const bench = new Bench(() => [plugin])
  for (let n = 0; n < 320; n++) bench.askLater(`${n}`, callOf('a'))
  await turn()
  expect(plugin.stats()).toMatchObject({ running: 64, waiting: 256, shed: 0 })
  const more = await bench.ask('more', callOf('a'))
  expect(more.outcome).toBe(SHED)
  expect(plugin.stats()).toMatchObject({ running: 64, waiting: 256, shed: 1 })
})

test('with room, neither the priority nor the signal is asked for', async () => {
  const bench = new Bench((clock) => [priority(() => expect.fail('asked'), {}, clock)])
  const call = callOf('a')
  Object.defineProperty(call, 'signal', { get: () => expect.fail('an AbortController for nothing') })
  await bench.ask('first', call)
  await bench.finish('first')
  expect(bench.started).toEqual(['first'])
})

test('what the function throws fails that call and no other', async () => {
  const throws = (call: Call) => {
    if (call.caller === 'bad') throw new TypeError('no stake')
    return 0
  }
  const bench = new Bench((clock) => [priority(throws, { concurrency: 1 }, clock)])
  await bench.ask('runs', callOf('a'))
  const bad = await bench.ask('bad', callOf('bad'))
  expect(bad.outcome).toBeInstanceOf(TypeError)
  await bench.ask('good', callOf('b'))
  await bench.finish('runs')
  expect(bench.started).toEqual(['runs', 'good'])
})

test('a synapse may have places of its own', async () => {
  const plugin = priority(() => 0, { concurrency: 1, maxWaiting: 1, synapses: { own: { concurrency: 2 } } })
  const bench = new Bench(() => [plugin])
  for (const name of ['c1', 'c2', 'c3']) bench.askLater(name, callOf('a'))
  for (const name of ['o1', 'o2', 'o3', 'o4']) bench.askLater(name, callOf('a', 'own'))
  await turn()
  expect(bench.started).toEqual(['c1', 'o1', 'o2'])
  const counts = { waiting: 1, shed: 1, longestWaitMs: 0, meanWaitMs: 0 }
  expect(plugin.stats()).toEqual({
    ...counts,
    running: 1,
    synapses: { own: { ...counts, running: 2 } },
  })
})

test('set: other numbers, another function, while calls run and wait', async () => {
  const plugin = priority((call) => (call.caller === 'a' ? 1 : 0), { concurrency: 1 })
  const bench = new Bench(() => [plugin])
  for (const name of ['r', 's']) bench.askLater(name, callOf('runs', name === 's' ? 'own' : 'asked'))
  plugin.set((call) => (call.caller === 'b' ? 1 : 0), {
    concurrency: 1,
    synapses: { own: { concurrency: 1 } },
  })
  for (const name of ['a', 'b']) await bench.ask(name, callOf(name))
  await bench.ask('own', callOf('a', 'own'))
  expect(bench.started).toEqual(['r', 'own'])
  await bench.finish('r')
  await bench.finish('b')
  expect(bench.started).toEqual(['r', 'own', 'b', 's'])
  plugin.set(() => 0)
  await turn()
  expect(bench.started).toEqual(['r', 'own', 'b', 's', 'a'])
})

test.each([
  ['a number in place of the function', [7], 'a function'],
  ['an option that there is not', [() => 0, { maxWait: 1 }], "no option 'maxWait'"],
  ['concurrency 0', [() => 0, { concurrency: 0 }], 'concurrency is 0'],
  ['concurrency over the limit', [() => 0, { concurrency: 65_537 }], 'from 1 to 65536'],
  ['half a place', [() => 0, { maxWaiting: 1.5 }], 'maxWaiting is 1.5'],
  ['no aging', [() => 0, { agingMs: 0 }], 'agingMs is 0'],
  [
    'a synapse’s option that there is not',
    [() => 0, { synapses: { Own: { agingMs: 1 } } }],
    "synapses['Own']",
  ],
  [
    'a synapse’s number',
    [() => 0, { synapses: { Own: { concurrency: -1 } } }],
    "synapses['Own'].concurrency is -1",
  ],
  ['options that are none', [() => 0, null], 'an object with'],
])('%s is refused, by the factory and by set', (_, given, text) => {
  const fault = expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })
  const args = given as unknown as Parameters<typeof priority>
  expect(() => priority(...args)).toThrow(fault)
  expect(() => priority(() => 0).set(...(args as never as [() => number]))).toThrow(fault)
})

describe('in a miner', () => {
  const asked = synapse('asked', {})
  const open: (() => void)[] = []
  const holds = handler(asked, () => new Promise<undefined>((resolve) => open.push(() => resolve(undefined))))

  function serving(options: PriorityOptions = {}) {
    open.length = 0
    const plugin = priority(() => 0, { concurrency: 1, ...options })
    return { plugin, miner: new ServedMiner([holds], {}, [plugin]) }
  }

  test('overload is answered at once, in the protocol’s words', async () => {
    const { miner } = serving({ maxWaiting: 0 })
    const peer = await miner.authenticated()
    peer.ask('asked')
    await until(() => open.length === 1)
    expect(await peer.answers('asked')).toMatchObject([
      { success: false, error: 'request processing failed' },
    ])
    expect(miner.log.at('error')).toEqual([])
  })

  test('waiting counts against the deadline, and frees the place in the queue', async () => {
    const { plugin, miner } = serving()
    const peer = await miner.authenticated()
    peer.ask('asked')
    const waits = peer.ask('asked')
    await until(() => plugin.stats().waiting === 1)
    miner.clock.advance(30_000)
    expect(await waits.done).toMatchObject([{ error: 'handler timed out' }])
    await until(() => plugin.stats().waiting === 0)
    expect(plugin.stats().running).toBe(1) // its handler did not listen: it still runs
    open[0]!()
    await until(() => plugin.stats().running === 0)
  })

  test('a caller that goes leaves the queue', async () => {
    const { plugin, miner } = serving()
    const peer = await miner.authenticated()
    peer.ask('asked')
    await until(() => open.length === 1)
    const waits = peer.ask('asked')
    await until(() => plugin.stats().waiting === 1)
    waits.stream.reset()
    await until(() => plugin.stats().waiting === 0)
    open[0]!()
    await until(() => plugin.stats().running === 0)
    expect(open).toHaveLength(1)
    expect(miner.log.at('error')).toEqual([])
  })

  test('a stream keeps its place until its last chunk is written', async () => {
    let next = () => {}
    const chunks = handler(synapse('chunks', { stream: true }), async function* () {
      yield Buffer.from('a')
      await new Promise<void>((resolve) => { next = resolve }) // biome-ignore format: one line
      yield Buffer.from('b')
    })
    const plugin = priority(() => 0)
    const miner = new ServedMiner([chunks], {}, [plugin])
    const peer = await miner.authenticated()
    const frames = peer.ask('chunks')
    await until(() => frames.messages.length === 1)
    expect(plugin.stats().running).toBe(1)
    next()
    await frames.done
    await until(() => plugin.stats().running === 0)
  })

  test('one that stops lets nobody wait for ever', async () => {
    const { plugin, miner } = serving()
    const peer = await miner.authenticated()
    peer.ask('asked')
    peer.ask('asked')
    await until(() => plugin.stats().waiting === 1)
    const drained = miner.service.drain(10_000)
    miner.clock.advance(10_000)
    await drained
    await until(() => plugin.stats().waiting === 0)
  })
})
