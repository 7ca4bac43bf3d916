/** Another way to a miner that fell silent, with the attempts and the time in our hands. */
import { expect, test } from 'vitest'
import type { Attempt } from '../../src/client/attempt.js'
import { Standby } from '../../src/client/standby.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { turn } from '../support/frames.js'
import { settled } from '../support/settled.js'

const RECONNECT = {
  firstMs: 1_000,
  mostMs: 4_000,
  fastTries: 5,
  probeMs: 60_000,
  jitter: 0,
  background: false,
}

class TestAttempt {
  readonly outcome = settled<unknown>()
  isProving = false
  isGivenUp = false

  get result() {
    return this.outcome.promise
  }

  giveUp(): void {
    this.isGivenUp = true
    this.outcome.reject(new Error('given up'))
  }

  async fail(): Promise<void> {
    this.outcome.reject(new Error('no way'))
    await turn()
  }

  async succeed(): Promise<void> {
    this.outcome.resolve({})
    await turn()
  }
}

function standby() {
  const attempts: TestAttempt[] = []
  const clock = new FakeClock()
  const reached = { times: 0 }
  const begin = () => {
    const attempt = new TestAttempt()
    attempts.push(attempt)
    return attempt as unknown as Attempt
  }
  const other = new Standby(begin, RECONNECT, clock, () => reached.times++)
  return { attempts, clock, reached, other }
}

test('begins with the silence, once, and is handed over when it is through', async () => {
  const { attempts, reached, other } = standby()
  other.silence(true)
  other.silence(true)
  expect(attempts).toHaveLength(1)
  await attempts[0]!.succeed()
  expect(reached.times).toBe(1)
  expect(other.handOver()).toBe(attempts[0])
  expect([other.handOver(), attempts[0]!.isGivenUp]).toEqual([undefined, false])
})

test('fails, and tries again as an address is tried again, until the miner is heard', async () => {
  const { attempts, clock, other } = standby()
  other.silence(true)
  for (const waitMs of [1_000, 2_000, 4_000]) {
    await attempts.at(-1)!.fail()
    const before = attempts.length
    clock.advance(waitMs - 1)
    expect(attempts).toHaveLength(before)
    clock.advance(1)
    expect(attempts).toHaveLength(before + 1)
  }
  await attempts.at(-1)!.fail()
  other.silence(false)
  clock.advance(60_000)
  expect(attempts).toHaveLength(4)
})

test('is given up when the miner is heard again before it may have accepted it', async () => {
  const { attempts, clock, reached, other } = standby()
  other.silence(true)
  other.silence(false)
  await turn()
  clock.advance(60_000)
  expect([attempts.length, attempts[0]!.isGivenUp, reached.times]).toEqual([1, true, 0])
  other.silence(true)
  expect(attempts).toHaveLength(2)
})

test('goes on when the miner may have accepted it, which ends the other one', async () => {
  const { attempts, clock, reached, other } = standby()
  other.silence(true)
  attempts[0]!.isProving = true
  other.silence(false)
  expect(attempts[0]!.isGivenUp).toBe(false)
  await attempts[0]!.succeed()
  expect(reached.times).toBe(1)
  other.handOver()
  other.silence(true)
  attempts[1]!.isProving = true
  other.silence(false)
  await attempts[1]!.fail()
  clock.advance(60_000)
  expect(attempts).toHaveLength(2)
})

test('stops for good', async () => {
  const { attempts, clock, reached, other } = standby()
  other.silence(true)
  other.stop()
  await turn()
  clock.advance(60_000)
  expect([attempts.length, attempts[0]!.isGivenUp, reached.times]).toEqual([1, true, 0])
})
