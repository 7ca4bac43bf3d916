import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { FairLoop, type LoopWork } from '../../src/server/fair-loop.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { turn, until } from '../support/frames.js'
import { signerOf, validatorSigner } from '../support/hotkeys.js'
import { handler, ServedMiner } from '../support/served-miner.js'

/** Time that passes while no timer can run. */
class BusyClock extends FakeClock {
  #busyMs = 0

  override monotonicMs(): number {
    return super.monotonicMs() + this.#busyMs
  }

  work(ms: number): void {
    this.#busyMs += ms
  }
}

function shared() {
  const clock = new BusyClock()
  const loop = new FairLoop(clock)
  const begun: string[] = []
  const work = (name: string, ms: number): LoopWork => ({
    begin: () => {
      begun.push(name)
      clock.work(ms)
    },
  })
  return { clock, loop, begun, work, one: loop.enter('one'), two: loop.enter('two') }
}

describe('the loop', () => {
  test('who is alone never waits, and no timer is set', async () => {
    const clock = new BusyClock()
    const loop = new FairLoop(clock)
    const place = loop.enter('one')
    let begun = 0
    for (let i = 0; i < 10; i++) {
      loop.take(place, {
        begin: () => {
          begun++
          clock.work(50)
        },
      })
    }
    expect([begun, clock.pending]).toEqual([10, 0])
    expect(loop.read(place, 2 ** 30, { begin: () => {} })).toBe(false)
    expect(loop.stats()).toEqual({ one: { ms: 500, requests: 10, deferred: 0 } })
  })

  test('beside others, what is over a slice waits for the next turn, behind what they asked meanwhile', async () => {
    const { clock, loop, begun, work, one, two } = shared()
    for (const name of ['a', 'b', 'c', 'd', 'e']) loop.take(one, work(name, 0.5))
    loop.take(two, work('other', 0.5))
    expect(begun).toEqual(['a', 'b', 'other'])
    await turn()
    expect(begun).toEqual(['a', 'b', 'other', 'c', 'd'])
    clock.advance(4) // more than its part by now, it pauses for three times as long as its slice was
    await turn()
    expect(begun.at(-1)).toBe('e')
    expect(loop.stats()).toEqual({
      one: { ms: 2.5, requests: 5, deferred: 3 },
      two: { ms: 0.5, requests: 1, deferred: 0 },
    })
  })

  test('who took more than its part pauses, and goes on by itself', async () => {
    const { clock, loop, begun, work, one, two } = shared()
    loop.take(two, work('other', 0.5))
    for (const name of ['a', 'b']) loop.take(one, work(name, 30))
    await turn()
    expect(begun).toEqual(['other', 'a'])
    for (let ms = 0; ms < 470; ms += 10) {
      loop.take(two, work('', 0))
      clock.advance(10)
      await turn()
    }
    expect(begun).not.toContain('b')
    clock.advance(20)
    await turn()
    expect(begun).toContain('b')
    expect(clock.pending).toBe(0)
  })

  test('nothing waits once it stops', () => {
    const { loop, begun, work, one } = shared()
    for (const name of ['a', 'b', 'c']) loop.take(one, work(name, 2))
    expect(begun).toEqual(['a'])
    loop.stop()
    expect(begun).toEqual(['a', 'b', 'c'])
    loop.take(one, work('d', 2))
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a hotkey that connects anew finds its share as it was, and only who is here is told of', () => {
    const { loop, work, one } = shared()
    loop.take(one, work('a', 5))
    loop.leave(one)
    expect(Object.keys(loop.stats())).toEqual(['two'])
    expect(loop.enter('one')).toBe(one)
    expect(loop.stats().one).toMatchObject({ ms: 5 })
  })

  test('handlers that run later are counted, those that run at once only with their request', () => {
    const { clock, loop, one } = shared()
    loop.take(one, {
      begin: () => {
        clock.work(2)
        loop.handlerTook('one', 2)
      },
    })
    expect(loop.stats().one).toMatchObject({ ms: 2 })
    loop.handlerTook('one', 3)
    loop.handlerTook('nobody', 3)
    expect(loop.stats().one).toMatchObject({ ms: 5, requests: 1 })
  })
})

describe('a miner', () => {
  const Work = synapse('work', {})

  async function working() {
    const clock = new BusyClock()
    const asked: string[] = []
    const miner = new ServedMiner(
      [
        handler(Work, ({ ms, name }) => {
          asked.push(String(name))
          clock.work(Number(ms))
          return {}
        }),
      ],
      { clock },
    )
    Object.defineProperty(miner, 'clock', { value: clock })
    return { miner, asked, one: await miner.authenticated(), two: await miner.authenticated(signerOf(7)) }
  }

  test('answers each of two validators, the one that asks for less first', async () => {
    const { miner, asked, one, two } = await working()
    const answers = [1, 2, 3].map((n) => one.answers('work', { name: `a${n}`, ms: 3 }))
    await until(() => asked.length === 1)
    answers.push(two.answers('work', { name: 'b', ms: 0 }))
    while (asked.length < 4) {
      await turn()
      miner.clock.advance(1)
    }
    await Promise.all(answers)
    expect(asked.indexOf('b')).toBeLessThan(asked.indexOf('a3'))
    const { loop } = miner.service.stats(undefined)
    expect(loop[validatorSigner.hotkey]).toMatchObject({ ms: 9, requests: 3 })
    expect(loop[validatorSigner.hotkey]!.deferred).toBeGreaterThan(0)
  })

  test('does not begin what was given up while it waited', async () => {
    const { asked, one } = await working()
    const frames = [1, 2, 3].map((n) => one.ask('work', { name: `a${n}`, ms: 3 }))
    frames[2]!.stream.reset()
    while (asked.length < 2) await turn()
    await turn()
    expect(asked).toEqual(['a1', 'a2'])
  })

  test('holds a large request back while others are here, and reads all of it', async () => {
    const { miner, one } = await working()
    const answer = await one.answer('work', { name: 'large', ms: 0, bytes: Buffer.alloc(8 * 1024 * 1024) })
    expect(answer).toMatchObject({ success: true })
    expect(miner.service.stats(undefined).loop[validatorSigner.hotkey]!.ms).toBeGreaterThanOrEqual(0)
  })
})
