/** As `engine/src/budget.rs` is tried. */
import { describe, expect, test } from 'vitest'
import { OverheadBudget } from '../../src/transport/overhead-budget.js'

const MIB = 1024 * 1024
/** The lengths of datagrams on the wire: full, an acknowledgement. */
const FULL = 1350
const ACK = 40

test('it is empty below nothing', () => {
  const budget = new OverheadBudget(1000)
  expect(budget.received(1000)).toBe(true)
  expect(budget.received(1)).toBe(false)
})

test('it is refilled up to what it was', () => {
  const budget = new OverheadBudget(1000)
  for (let i = 0; i < 100; i++) budget.sent(1000)
  expect(budget.received(1000)).toBe(true)
  budget.delivered(400, false) // 500
  budget.delivered(0, true) // 256
  budget.sent(100) // 57
  expect(budget.received(813)).toBe(true)
  expect(budget.received(1)).toBe(false)
})

describe('it lasts for ever for whoever', () => {
  test.each<[string, (budget: OverheadBudget) => boolean]>([
    [
      'uploads, a tenth of it twice',
      (budget) => {
        budget.delivered(10 * 1300, false)
        for (let i = 0; i < 5; i++) budget.sent(ACK)
        return Array.from({ length: 11 }, () => budget.received(FULL)).every(Boolean)
      },
    ],
    [
      'asks what fits into a few bytes',
      (budget) => {
        budget.delivered(20, true)
        budget.sent(60)
        return budget.received(80) && budget.received(ACK)
      },
    ],
    [
      'reads a stream of small chunks',
      (budget) => {
        budget.sent(50)
        budget.sent(50)
        return budget.received(ACK)
      },
    ],
    [
      'downloads',
      (budget) => {
        budget.sent(FULL)
        budget.sent(FULL)
        return budget.received(ACK)
      },
    ],
  ])('%s', (_, step) => {
    const budget = new OverheadBudget(MIB)
    for (let i = 0; i < 200_000; i++) if (!step(budget)) throw new Error(`it was empty after ${i} steps`)
  })
})

test('it ends for whoever sends what carries nothing, though we acknowledge it', () => {
  const budget = new OverheadBudget(32 * MIB)
  let steps = 0
  do {
    budget.sent(ACK)
    steps++
  } while (budget.received(ACK) && budget.received(ACK))
  expect(steps).toBeLessThan(2 * MIB)
})

test('it is left to the peer by those who send in its name', () => {
  const budget = new OverheadBudget(1000 * FULL)
  for (let datagram = 0; datagram < 10_000; datagram++)
    expect(budget.received(FULL) || budget.isOfPeer(Math.floor(datagram / 100))).toBe(true)
  const drained = new OverheadBudget(1000 * FULL)
  let packets = 0
  while (drained.received(FULL) || drained.isOfPeer(packets)) packets++
  expect(packets).toBe(1000)
})

test('it is refilled for what we gave up', () => {
  const budget = new OverheadBudget(32 * MIB)
  for (let stream = 0; stream < 1000; stream++) {
    budget.gaveUp()
    expect(budget.received(3.5 * MIB)).toBe(true)
  }
})
