import { expect, test } from 'vitest'
import { Path, randomOf, type Weather } from './weather.js'

const path = (weather: Weather, seed = 1): Path => new Path(weather, randomOf(seed), 0)

/** What becomes of so many datagrams of 1,000 bytes, one a millisecond. */
function fates(weather: Weather, count = 20_000, seed = 1) {
  const way = path(weather, seed)
  return Array.from({ length: count }, (_, at) => way.deliveries(1000, at))
}
const share = (of: unknown[], all: unknown[]): number => of.length / all.length

test('fair weather: all at once and whole', () => {
  expect(fates({}, 3)).toEqual(Array(3).fill([{ inMs: 0, isDamaged: false }]))
})

test('the same seed, the same fates', () => {
  const weather = { drop: 0.1, corrupt: 0.1, duplicate: 0.1, reorder: 0.1, jitterMs: 5 }
  expect(fates(weather, 500)).toEqual(fates(weather, 500))
  expect(fates(weather, 500)).not.toEqual(fates(weather, 500, 2))
})

test.each([
  ['drop', { drop: 0.1 }, (fate: { isDamaged: boolean }[]) => fate.length === 0],
  ['drop in bursts', { drop: 0.1, burst: 5 }, (fate: unknown[]) => fate.length === 0],
  ['corrupt', { corrupt: 0.1 }, (fate: { isDamaged: boolean }[]) => fate[0]?.isDamaged === true],
  ['duplicate', { duplicate: 0.1 }, (fate: unknown[]) => fate.length === 2],
  ['reorder', { reorder: 0.1 }, (fate: { inMs: number }[]) => fate[0]?.inMs === 10],
] as const)('%s happens to a tenth of them', (_, weather, is) => {
  const all = fates(weather)
  const hit = all.filter((fate) => (is as (fate: unknown) => boolean)(fate))
  expect(share(hit, all)).toBeGreaterThan(0.08)
  expect(share(hit, all)).toBeLessThan(0.12)
})

test('bursts are that long', () => {
  const lost = fates({ drop: 0.05, burst: 4 })
    .map((fate) => (fate.length === 0 ? 'x' : '.'))
    .join('')
  for (const run of lost.match(/x+/g) ?? []) expect(run.length % 4).toBe(0)
})

test('delay and jitter', () => {
  for (const [fate] of fates({ delayMs: 20, jitterMs: 5 }, 100)) {
    expect(fate!.inMs).toBeGreaterThanOrEqual(20)
    expect(fate!.inMs).toBeLessThan(25)
  }
})

test('a line of 1 Mbit/s sends 1,000 bytes in 8 ms, and keeps what is queued for 20 ms', () => {
  const line = path({ bitsPerSecond: 1_000_000, queueMs: 20 })
  expect(Array.from({ length: 5 }, () => line.deliveries(1000, 0)[0]?.inMs)).toEqual([
    8,
    16,
    24,
    undefined,
    undefined,
  ])
  expect(line.deliveries(1000, 24)[0]?.inMs).toBe(8)
})

test('a blackhole takes all for a while, over and over, and not at first', () => {
  const hole = path({ blackhole: { everyMs: 5000, forMs: 2000 } })
  const passes = (at: number): boolean => hole.deliveries(1, at).length === 1
  expect([0, 4999, 5000, 6999, 7000, 9999, 10_000].map(passes)).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
    false,
  ])
})
