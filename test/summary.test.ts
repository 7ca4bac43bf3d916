import { expect, test } from 'vitest'
import { Summary } from '../src/summary.js'
import { FakeClock } from '../src/testing/fake-clock.js'
import { RecordingLogger } from '../src/testing/recording-logger.js'

function summary() {
  const clock = new FakeClock()
  const log = new RecordingLogger()
  return { clock, log, noise: new Summary(log, clock) }
}

test('the first of a kind at once, the others as a number a minute later', () => {
  const { clock, log, noise } = summary()
  for (let n = 1; n <= 1000; n++) noise.note('stale', 'refused', { n })
  noise.note('replay', 'refused', { n: 0 })
  expect(log.lines.map(({ fields }) => fields)).toEqual([{ n: 1 }, { n: 0 }])
  clock.advance(60_000)
  expect(log.lines.slice(2)).toMatchObject([
    { level: 'info', message: 'stale: 999 more within a minute', fields: { latest: { n: 1000 } } },
  ])
})

test('an error is counted in words, which every logger can write', () => {
  const { clock, log, noise } = summary()
  const error = new Error('why')
  for (let n = 0; n < 2; n++) noise.note('failed', 'it failed', { error, n })
  clock.advance(60_000)
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { error, n: 0 },
    { latest: { message: 'it failed', error: 'why', n: 1 } },
  ])
})

test('a kind that was quiet for a minute is news again, and no timer is left', () => {
  const { clock, log, noise } = summary()
  noise.note('stale', 'refused', {})
  clock.advance(60_000)
  expect(clock.pending).toBe(0)
  noise.note('stale', 'refused', {})
  expect(log.lines).toHaveLength(2)
})

test('the end says what was not said yet', () => {
  const { clock, log, noise } = summary()
  noise.note('stale', 'refused', {})
  noise.note('stale', 'refused', {})
  noise.stop()
  expect(log.lines.at(-1)?.message).toBe('stale: 1 more within a minute')
  expect(clock.pending).toBe(0)
})

test('what comes after the end is said at once, and sets no timer', () => {
  const { clock, log, noise } = summary()
  noise.stop()
  noise.note('given up', 'refused', {})
  expect(log.lines).toHaveLength(1)
  expect(clock.pending).toBe(0)
})
