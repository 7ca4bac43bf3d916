/** Calls that are given up at any moment leave nothing behind. */
import { expect, test } from 'vitest'
import { LevinError } from '../../src/index.js'
import { newValidator, startMiners, Work } from '../support/subnet.js'
import { seed, seeded } from '../wire/seeded.js'

const CANCELS = 10_000
const CONNECTIONS = 10
const AT_ONCE = 50

test(`10,000 cancels at random moments over 10 connections, which then still work (seed ${seed})`, async () => {
  const miners = await startMiners(CONNECTIONS)
  const validator = newValidator()
  const axons = miners.map(({ axon }) => axon)
  await validator.setMiners(axons)
  const random = seeded(seed)
  const codes: Record<string, number> = {}
  let left = CANCELS
  const cancelOne = async (): Promise<void> => {
    const controller = new AbortController()
    const axon = random.pick(axons)
    const asking = validator.query(axon, Work, { text: 'a', n: 1 }, { signal: controller.signal })
    const turns = random.int(4)
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    const outcome = await asking.then(
      () => 'answered',
      (error) => LevinError.from(error).code,
    )
    codes[outcome] = (codes[outcome] ?? 0) + 1
  }
  const cancelMany = async (): Promise<void> => {
    while (left-- > 0) await cancelOne()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, cancelMany))
  expect(Object.keys(codes).sort()).toEqual(['ABORTED', 'answered'])
  // more at once than a connection has streams: a slot that was lost would show
  const all = Array.from({ length: 130 }, () => axons).flat()
  const outcomes = await validator.queryAll(all, Work, { text: 'b', n: 1 })
  expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
  for (const { miner } of miners) expect(miner.stats().handshakes.accepted).toBe(1)
  for (const { calls } of Object.values(validator.stats().miners)) expect(calls.running).toBe(0)
})
