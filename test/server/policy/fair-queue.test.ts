import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LiveCall } from '../../../src/server/call.js'
import { FairQueue, type QueueLimits } from '../../../src/server/policy/fair-queue.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { turn } from '../../support/frames.js'
import { callOf } from './calls.js'

const LIMITS: QueueLimits = { concurrency: 1, maxWaiting: 8, agingMs: 5_000 }

/** A queue whose calls are named as they came, and run until they are finished by name. */
function queueOf(limits: Partial<QueueLimits> = {}) {
  const clock = new FakeClock()
  const queue = new FairQueue({ ...LIMITS, ...limits }, clock)
  const started: string[] = []
  const refused: string[] = []
  const calls = new Map<string, LiveCall>()
  const ask = (name: string, hotkey: string, priority: number | Promise<number> = 0): LiveCall => {
    const call = callOf(hotkey)
    calls.set(name, call)
    queue.wait(call, priority).then(
      () => started.push(name),
      (error: unknown) => refused.push(`${name}: ${(error as Error).message}`),
    )
    return call
  }
  /** Ends calls, and tells which ones got their places. */
  const finish = async (...names: string[]): Promise<string[]> => {
    await turn()
    const before = started.length
    for (const name of names) calls.get(name)!.done()
    await turn()
    return started.slice(before)
  }
  return { clock, queue, started, refused, ask, finish }
}
const NO_PLACE = (name: string, waiting = 8) =>
  `${name}: no place: 1 calls run and ${waiting} wait, which is the most`

describe('a free place', () => {
  test('is taken at once, up to concurrency', async () => {
    const { queue, ask, started } = queueOf({ concurrency: 3 })
    for (const name of ['1', '2', '3', '4']) ask(name, 'a')
    await turn()
    expect(started).toEqual(['1', '2', '3'])
    expect(queue.stats()).toMatchObject({ running: 3, waiting: 1, shed: 0 })
  })

  test('asks nothing of the call but its hotkey and to hear of its end', () => {
    const { queue } = queueOf()
    const call = callOf('a')
    const touched: PropertyKey[] = []
    const watched = new Proxy(call, {
      get(target, key) {
        touched.push(key)
        const value = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    expect(queue.start(watched)).toBe(true)
    expect(touched).toEqual(['caller', 'onDone'])
    expect(queue.start(callOf('a'))).toBe(false)
  })

  test('goes to the highest priority, then to the one that has waited longest', async () => {
    const { ask, finish } = queueOf()
    ask('runs', 'x')
    ask('low', 'a', 1)
    ask('high', 'b', 1_000_000)
    ask('nothing', 'c', 0)
    ask('high too', 'd', 1_000_000)
    ask('most', 'e', Number.POSITIVE_INFINITY)
    const order = []
    for (let last = 'runs'; last !== undefined; ) {
      const [next] = await finish(last)
      if (next !== undefined) order.push(next)
      last = next!
    }
    expect(order).toEqual(['most', 'high', 'high too', 'low', 'nothing'])
  })

  test('goes to the hotkey with the fewest calls running, whatever the priority', async () => {
    const { ask, finish } = queueOf({ concurrency: 2 })
    ask('a1', 'a', 9)
    ask('a2', 'a', 9)
    ask('a3', 'a', 9)
    ask('b1', 'b', 1)
    ask('c1', 'c', 2)
    expect(await finish('a1')).toEqual(['c1']) // a runs one, b and c none
    expect(await finish('c1')).toEqual(['b1'])
    expect(await finish('a2')).toEqual(['a3']) // a runs none now
  })

  test('of one hotkey: its highest priority, then its oldest', async () => {
    const { ask, finish } = queueOf()
    ask('runs', 'x')
    ask('a1', 'a', 1)
    ask('a2', 'a', 2)
    ask('a3', 'a', 2)
    expect(await finish('runs')).toEqual(['a2'])
    expect(await finish('a2')).toEqual(['a3'])
    expect(await finish('a3')).toEqual(['a1'])
  })

  test('many calls of one hotkey are in nobody’s way but its own', async () => {
    const { clock, ask, finish } = queueOf()
    for (let n = 0; n < 6; n++) ask(`a${n}`, 'a', 5)
    clock.advance(1)
    ask('b0', 'b', 5)
    ask('c0', 'c', 5)
    ask('b1', 'b', 5)
    const order = ['a0']
    for (let n = 0; n < 6; n++) {
      clock.advance(1)
      order.push(...(await finish(order.at(-1)!)))
    }
    expect(order).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3'])
  })
})

describe('a hotkey that got no place for agingMs', () => {
  test('is next, and one millisecond earlier it is not', async () => {
    for (const [ms, next] of [
      [4_999, 'high'],
      [5_000, 'low'],
    ] as const) {
      const { clock, ask, finish } = queueOf()
      ask('runs', 'x')
      ask('low', 'a', 0)
      clock.advance(1)
      ask('high', 'b', 1_000_000)
      clock.advance(ms - 1)
      expect(await finish('runs')).toEqual([next])
    }
  })

  test('is served its oldest call, once, and then waits for its turn again', async () => {
    const { clock, ask, finish } = queueOf()
    ask('runs', 'x')
    ask('old', 'a', 0)
    ask('better', 'a', 1)
    clock.advance(1)
    ask('high', 'b', 9)
    clock.advance(4_999)
    expect(await finish('runs')).toEqual(['old'])
    expect(await finish('old')).toEqual(['high'])
    expect(await finish('high')).toEqual(['better'])
  })

  test('of several, the one that has waited longest', async () => {
    const { clock, ask, finish } = queueOf()
    ask('runs', 'x')
    for (const [n, name] of ['first', 'second', 'third'].entries()) {
      ask(name, name, n)
      clock.advance(10)
    }
    clock.advance(5_000)
    expect(await finish('runs')).toEqual(['first'])
    expect(await finish('first')).toEqual(['second'])
    expect(await finish('second')).toEqual(['third'])
  })

  test('one that floods is next once in that time, not with all its calls', async () => {
    const { clock, ask, finish } = queueOf()
    ask('runs', 'x')
    for (let n = 0; n < 5; n++) ask(`flood${n}`, 'flood', 0)
    clock.advance(5_000)
    ask('b0', 'b', 1)
    ask('b1', 'b', 1)
    expect(await finish('runs')).toEqual(['flood0'])
    expect(await finish('flood0')).toEqual(['b0'])
    expect(await finish('b0')).toEqual(['b1'])
  })
})

describe('a full queue', () => {
  test('has room for maxWaiting, and refuses the next one at once', async () => {
    const { queue, ask, refused } = queueOf()
    ask('runs', 'x')
    for (let n = 0; n < 8; n++) ask(`${n}`, `${n}`)
    await turn()
    expect(refused).toEqual([])
    ask('more', 'more')
    await turn()
    expect(refused).toEqual([NO_PLACE('more')])
    expect(queue.stats()).toMatchObject({ running: 1, waiting: 8, shed: 1 })
  })

  test('refuses the lowest priority, which need not be the newcomer', async () => {
    const { ask, refused } = queueOf({ maxWaiting: 3 })
    ask('runs', 'x')
    ask('2', 'a', 2)
    ask('1', 'b', 1)
    ask('3', 'c', 3)
    ask('4', 'd', 4)
    await turn()
    expect(refused).toEqual([NO_PLACE('1', 3)])
    ask('0', 'e', 0)
    await turn()
    expect(refused).toEqual([NO_PLACE('1', 3), NO_PLACE('0', 3)])
  })

  test('takes it from the hotkey with the most calls waiting, whatever the priority', async () => {
    const { ask, refused } = queueOf({ maxWaiting: 3 })
    ask('runs', 'x')
    ask('rich 1', 'rich', 9)
    ask('rich 2', 'rich', 8)
    ask('rich 3', 'rich', 9)
    ask('poor', 'poor', 0)
    ask('poorer', 'poorer', -1)
    await turn()
    expect(refused).toEqual([NO_PLACE('rich 2', 3), NO_PLACE('rich 3', 3)])
  })

  test('of 0 places refuses without asking for the signal', async () => {
    const { queue, ask } = queueOf({ maxWaiting: 0 })
    ask('runs', 'x')
    const call = callOf('a')
    Object.defineProperty(call, 'signal', { get: () => expect.fail('an AbortController for nothing') })
    await expect(queue.wait(call, 0)).rejects.toMatchObject({ code: 'REFUSED' })
  })
})

describe('a call that nobody waits for any more', () => {
  test('leaves at once, with the reason, and its place goes to another', async () => {
    const { clock, queue, ask, refused, started, finish } = queueOf({ maxWaiting: 1 })
    ask('runs', 'x')
    const gone = ask('gone', 'a')
    clock.advance(700)
    gone.abort(new Error('the caller left'))
    expect(queue.stats()).toMatchObject({ waiting: 0, shed: 0, longestWaitMs: 700 })
    ask('next', 'b')
    await turn()
    expect(refused).toEqual(['gone: the caller left'])
    gone.done()
    expect(await finish('runs')).toEqual(['next'])
    expect(started).toEqual(['runs', 'next'])
  })

  test('before it came: does not wait', async () => {
    const { queue, ask } = queueOf()
    ask('runs', 'x')
    const call = callOf('a')
    call.abort(new Error('gone already'))
    await expect(queue.wait(call, 0)).rejects.toThrow('gone already')
    expect(queue.stats().waiting).toBe(0)
  })

  test('was answered by a middleware around it: leaves, and gives no place back that it never had', async () => {
    const { queue, ask, refused } = queueOf()
    ask('runs', 'x')
    ask('raced', 'a').done()
    await turn()
    expect(refused).toEqual(['raced: the call was over before it had a place'])
    expect(queue.stats()).toMatchObject({ running: 1, waiting: 0 })
  })

  test('while it runs: keeps its place until it is done', async () => {
    const { queue, ask, finish } = queueOf()
    ask('first', 'x')
    const call = ask('a', 'a')
    ask('b', 'b')
    expect(await finish('first')).toEqual(['a'])
    call.abort(new Error('too late'))
    await turn()
    expect(queue.stats()).toMatchObject({ running: 1, waiting: 1 })
    expect(await finish('a')).toEqual(['b'])
  })
})

describe('a priority that is still to come', () => {
  test('is waited for outside the queue', async () => {
    const { queue, ask, finish } = queueOf()
    ask('runs', 'x')
    let tell = (_priority: number) => {}
    ask('later', 'a', new Promise((resolve) => { tell = resolve })) // biome-ignore format: one line
    ask('now', 'b', 1)
    expect(queue.stats().waiting).toBe(1)
    tell(2)
    await turn()
    expect(queue.stats().waiting).toBe(2)
    expect(await finish('runs')).toEqual(['later'])
  })

  test('comes to a free place: nothing is waited for', async () => {
    const { ask, started, finish } = queueOf()
    ask('runs', 'x')
    let tell = (_priority: number) => {}
    ask('later', 'a', new Promise((resolve) => { tell = resolve })) // biome-ignore format: one line
    await finish('runs')
    tell(0)
    await turn()
    expect(started).toEqual(['runs', 'later'])
  })

  test('and never comes: the call leaves with its signal, and who was asked still counts', async () => {
    const { ask, refused } = queueOf({ maxWaiting: 1 })
    ask('runs', 'x')
    ask('gone', 'a', new Promise(() => {})).abort(new Error('the time was up'))
    await turn()
    expect(refused).toEqual(['gone: the time was up'])
    ask('next', 'b', new Promise(() => {}))
    await turn()
    expect(refused[1]).toEqual(NO_PLACE('next', 1))
  })

  test('of a call that is aborted meanwhile takes no place', async () => {
    const { queue, ask, refused, finish } = queueOf()
    ask('runs', 'x')
    let tell = (_priority: number) => {}
    const call = ask('later', 'a', new Promise((resolve) => { tell = resolve })) // biome-ignore format: one line
    call.abort(new Error('gone'))
    await finish('runs')
    tell(0)
    await turn()
    expect(refused).toEqual(['later: gone'])
    expect(queue.stats().running).toBe(0)
  })

  test('is waited for by maxWaiting calls at once, and the next is refused', async () => {
    const { queue, ask, refused } = queueOf({ maxWaiting: 2 })
    ask('runs', 'x')
    const never = new Promise<number>(() => {})
    for (const name of ['1', '2']) ask(name, name, never)
    await turn()
    expect(refused).toEqual([])
    ask('3', '3', Promise.reject(new Error('nobody hears of it, and it is no unhandled rejection')))
    await turn()
    expect(refused).toEqual([NO_PLACE('3', 2)])
    expect(queue.stats().shed).toBe(1)
  })

  test('and fails, fails the call alone', async () => {
    const { queue, ask, refused } = queueOf({ maxWaiting: 1 })
    ask('runs', 'x')
    for (const name of ['1', '2']) {
      ask(name, name, Promise.reject(new Error('no idea')))
      await turn()
    }
    expect(refused).toEqual(['1: no idea', '2: no idea'])
    expect(queue.stats()).toMatchObject({ waiting: 0, shed: 0 })
  })
})

test.each([[Number.NaN], ['7'], [undefined], [7n]])('%s is no priority', async (priority) => {
  const { queue, ask } = queueOf()
  ask('runs', 'x')
  await expect(queue.wait(callOf('a'), priority as number)).rejects.toMatchObject({ code: 'CONFIG' })
})

describe('set', () => {
  test('more places are taken at once, fewer when calls finish', async () => {
    const { queue, ask, started, finish } = queueOf()
    for (const name of ['1', '2', '3', '4', '5']) ask(name, name)
    queue.set({ ...LIMITS, concurrency: 3 })
    await turn()
    expect(started).toEqual(['1', '2', '3'])
    queue.set({ ...LIMITS, concurrency: 1 })
    expect(await finish('1', '2')).toEqual([])
    expect(await finish('3')).toEqual(['4'])
  })

  test('who gets a place by it needs no room', async () => {
    const { queue, ask, started, refused } = queueOf()
    for (const name of ['1', '2', '3']) ask(name, name)
    queue.set({ ...LIMITS, concurrency: 2, maxWaiting: 1 })
    await turn()
    expect([started, refused]).toEqual([['1', '2'], []])
  })

  test('less room sheds what has none any more', async () => {
    const { queue, ask, refused } = queueOf()
    ask('runs', 'x')
    for (const n of [3, 1, 2]) ask(`${n}`, `${n}`, n)
    queue.set({ ...LIMITS, maxWaiting: 1 })
    await turn()
    expect(refused).toEqual([NO_PLACE('1', 1), NO_PLACE('2', 1)])
  })
})

test('stats: how long calls waited', async () => {
  const { clock, queue, ask, finish } = queueOf()
  expect(queue.stats()).toEqual({ running: 0, waiting: 0, shed: 0, longestWaitMs: 0, meanWaitMs: 0 })
  ask('runs', 'x')
  ask('a', 'a')
  clock.advance(100)
  ask('b', 'b')
  await finish('runs')
  clock.advance(100)
  await finish('a')
  await finish('b')
  expect(queue.stats()).toEqual({ running: 0, waiting: 0, shed: 0, longestWaitMs: 100, meanWaitMs: 100 })
})

test('hotkeys that are gone are forgotten, refused ones too', async () => {
  const { queue } = queueOf({ maxWaiting: 0 })
  const runs = callOf('runs')
  queue.start(runs)
  const strangers = Array.from({ length: 2_000 }, (_, n) => queue.wait(callOf(`stranger ${n}`), 0))
  await Promise.allSettled(strangers)
  expect(queue.hotkeys).toBe(256)
  runs.done()
  for (let n = 0; n < 2_000; n++) {
    const call = callOf(`guest ${n}`)
    queue.start(call)
    call.done()
  }
  expect(queue.hotkeys).toBe(256)
})

test('whatever happens, no place is lost and none is given twice', async () => {
  const event = fc.oneof(
    fc.record({ what: fc.constant('ask' as const), hotkey: fc.nat(5), priority: fc.nat(3) }),
    fc.record({ what: fc.constantFrom('finish' as const, 'abort' as const), which: fc.nat() }),
    fc.record({ what: fc.constant('pass' as const), ms: fc.nat(3_000) }),
    fc.record({
      what: fc.constant('set' as const),
      concurrency: fc.integer({ min: 1, max: 4 }),
      maxWaiting: fc.nat(6),
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 120 }), async (events) => {
      const clock = new FakeClock()
      let limits = { ...LIMITS, concurrency: 2 }
      const queue = new FairQueue(limits, clock)
      const running = new Set<LiveCall>()
      const waiting = new Set<LiveCall>()
      for (const event of events) {
        if (event.what === 'ask') {
          const call = callOf(`${event.hotkey}`)
          waiting.add(call)
          queue.wait(call, event.priority).then(
            () => waiting.delete(call) && running.add(call),
            () => waiting.delete(call) && call.done(),
          )
        } else if (event.what === 'pass') clock.advance(event.ms)
        else if (event.what === 'set') {
          limits = { ...LIMITS, concurrency: event.concurrency, maxWaiting: event.maxWaiting }
          queue.set(limits)
        } else {
          const calls = [...(event.what === 'finish' ? running : [...waiting, ...running])]
          const call = calls[event.which % Math.max(1, calls.length)]
          if (event.what === 'abort') call?.abort(new Error('gone'))
          else if (call !== undefined && running.delete(call)) call.done()
        }
        await Promise.resolve()
        await turn()
        expect(queue.stats()).toMatchObject({ running: running.size, waiting: waiting.size })
        expect(waiting.size).toBeLessThanOrEqual(limits.maxWaiting)
        if (waiting.size > 0) expect(running.size).toBeGreaterThanOrEqual(limits.concurrency)
      }
      for (let call = [...running][0]; call !== undefined; call = [...running][0]) {
        running.delete(call)
        call.done()
        await turn()
      }
      expect(queue.stats()).toMatchObject({ running: 0, waiting: 0 })
      expect(waiting.size).toBe(0)
    }),
    { numRuns: 60 },
  )
})
