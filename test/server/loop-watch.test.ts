import { describe, expect, test } from 'vitest'
import type { LiveCall } from '../../src/server/call.js'
import { LoopWatch } from '../../src/server/loop-watch.js'
import { type BlockedEvent, Observers } from '../../src/server/watch.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'

/** Time that passes while no timer can run. */
class BlockedClock extends FakeClock {
  #blockedMs = 0

  override monotonicMs(): number {
    return super.monotonicMs() + this.#blockedMs
  }

  block(ms: number): void {
    this.#blockedMs += ms
  }
}

function watched(running: string[] = []) {
  const clock = new BlockedClock()
  const logger = new RecordingLogger()
  const observers = new Observers(logger, clock)
  const events: BlockedEvent[] = []
  observers.on('blocked', (event) => events.push(event))
  const took: [caller: string, ms: number][] = []
  const watch = new LoopWatch(
    { blockedMs: 100, clock, logger },
    observers,
    () => running,
    (...one) => took.push(one),
  )
  watch.start()
  const run = (synapse: string, work: () => unknown) =>
    watch.timed(synapse, work)(undefined, { caller: 'somebody' } as LiveCall)
  return {
    clock,
    events,
    took,
    run,
    running,
    watch,
    warnings: () => logger.at('warn').map(({ fields }) => fields),
  }
}

describe('a handler that blocks before its first await', () => {
  test('is named, from the threshold on', () => {
    const { clock, events, run, took, warnings } = watched()
    run('short', () => clock.block(99))
    expect(events).toEqual([])
    expect(took).toEqual([['somebody', 99]])
    run('long', () => clock.block(100))
    expect(events).toEqual([{ ms: 100, synapse: 'long' }])
    expect(warnings()).toEqual([{ ms: 100, synapse: 'long', suppressed: 0 }])
  })

  test('also when it throws, and what it gives or throws is passed on', () => {
    const { clock, events, run } = watched()
    expect(run('fine', () => 7)).toBe(7)
    const fail = () => {
      clock.block(250)
      throw new Error('no')
    }
    expect(() => run('failing', fail)).toThrow('no')
    expect(events).toEqual([{ ms: 250, synapse: 'failing' }])
  })

  test('is not reported a second time by the late timer', () => {
    const { clock, events, run, warnings } = watched()
    run('long', () => clock.block(300))
    clock.advance(100)
    expect(events).toHaveLength(1)
    expect(warnings()).toHaveLength(1)
  })

  test('is warned of every 10 s at most, with the count in between', () => {
    const { clock, events, run, warnings } = watched()
    const block = () => run('long', () => clock.block(100))
    block()
    block()
    clock.advance(9_799)
    block() // 9,999 ms after the first warning
    expect(warnings()).toHaveLength(1)
    block()
    expect(warnings().map(({ suppressed }) => suppressed)).toEqual([0, 2])
    run('other', () => clock.block(100))
    expect(warnings()).toHaveLength(3)
    expect(events.filter(({ synapse }) => synapse !== undefined)).toHaveLength(5)
  })
})

describe('a block elsewhere', () => {
  test('is seen by the late timer, from the threshold on', () => {
    const { clock, events, warnings } = watched()
    clock.block(99)
    clock.advance(100)
    expect(events).toEqual([])
    clock.block(100)
    clock.advance(100)
    expect(events).toEqual([{ ms: 100, synapse: undefined }])
    expect(warnings()).toEqual([{ ms: 100, candidates: [], suppressed: 0 }])
  })

  test('names what ran then: before it, since then, and still', () => {
    const { clock, run, running, warnings } = watched()
    running.push('before')
    clock.advance(100)
    running.length = 0
    run('between', () => {})
    clock.block(400)
    running.push('still')
    clock.advance(100)
    expect(warnings()).toEqual([{ ms: 400, candidates: ['before', 'between', 'still'], suppressed: 0 }])
  })

  test('does not name what had ended before', () => {
    const { clock, run, warnings } = watched()
    run('earlier', () => {})
    clock.advance(100)
    clock.block(400)
    clock.advance(100)
    expect(warnings()).toMatchObject([{ candidates: [] }])
  })
})

test('a loop that turns is never reported, and nothing is left after a stop', () => {
  const { clock, events, watch } = watched(['busy'])
  clock.advance(60_000)
  expect(events).toEqual([])
  expect(clock.pending).toBe(1)
  watch.stop()
  expect(clock.pending).toBe(0)
})
