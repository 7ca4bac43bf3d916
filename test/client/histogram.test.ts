import { expect, test } from 'vitest'
import { Histogram } from '../../src/client/histogram.js'

test('a bound belongs to its bucket, and what is above all has one too', () => {
  const histogram = new Histogram()
  for (const ms of [0, 1, 1.01, 2.5, 30_000, 30_000.1, 1e9]) histogram.add(ms)
  const { boundsMs, counts, sumMs } = histogram.snapshot()
  expect(counts).toEqual([2, 2, ...Array(boundsMs.length - 3).fill(0), 1, 2])
  expect(boundsMs.at(-1)).toBe(30_000)
  expect(sumMs).toBeCloseTo(1e9 + 60_004.61)
})
