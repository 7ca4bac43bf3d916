import { expect, test } from 'vitest'
import { Restarts } from '../../src/supervisor/restarts.js'

const MINUTE = 60_000

test.each([
  ['the first end', [5 * MINUTE], [0]],
  ['the first end, of a program that never ran well', [1], [0]],
  ['ends that follow', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]],
  ['ends after less than a minute', [MINUTE - 1, MINUTE - 1, MINUTE - 1], [0, 1, 2]],
  ['ends after a minute', [MINUTE, MINUTE, MINUTE], [0, 0, 0]],
  ['a minute in between', [1, 1, 1, MINUTE, 1, 1], [0, 1, 2, 0, 1, 2]],
  [
    'any number of them',
    Array<number>(2000).fill(1),
    [0, 1, 2, 4, 8, 16, 32, ...Array<number>(1993).fill(60)],
  ],
])('%s', (_what, runs, seconds) => {
  const restarts = new Restarts()
  expect(runs.map((ms) => restarts.delayAfter(ms) / 1000)).toEqual(seconds)
})
