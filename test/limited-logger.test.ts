import { expect, test } from 'vitest'
import { limited } from '../src/limited-logger.js'
import { FakeClock } from '../src/testing/fake-clock.js'
import { RecordingLogger } from '../src/testing/recording-logger.js'

function made() {
  const [log, clock] = [new RecordingLogger(), new FakeClock()]
  return { log, clock, logger: limited(log, clock) }
}

const times = (count: number, run: (i: number) => void): void => {
  for (let i = 0; i < count; i++) run(i)
}

test('nine lines of a kind in a second go through, with their fields, and one says how many more there were', () => {
  const { log, clock, logger } = made()
  times(9, (i) => logger.info('came', { i }))
  clock.advance(1000)
  expect(log.lines.map(({ fields }) => fields.i)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  times(5000, (i) => logger.info('came', { i }))
  expect(log.lines).toHaveLength(18)
  clock.advance(1000)
  expect(log.lines).toHaveLength(19)
  expect(log.lines.at(-1)).toEqual({ level: 'info', message: 'came: 4991 more within a second', fields: {} })
  clock.advance(60_000)
  expect(log.lines).toHaveLength(19)
  expect(clock.pending).toBe(0)
})

test('levels, messages and synapses are kinds of their own; other fields are not', () => {
  const { log, logger } = made()
  times(100, (i) => {
    logger.info('came', { hotkey: i })
    logger.warn('came')
    logger.info('went')
    logger.error('a call failed', { synapse: 'one' })
    logger.error('a call failed', { synapse: 'other' })
    logger.debug('came')
  })
  expect(log.lines).toHaveLength(6 * 9)
})

test('of any number of kinds, so many are told apart, and no more are kept', () => {
  const { log, clock, logger } = made()
  times(10_000, (i) => logger.info(`message ${i}`))
  expect(log.lines).toHaveLength(256 + 9)
  clock.advance(1000)
  expect(log.lines).toHaveLength(256 + 9 + 1)
  expect(log.lines.at(-1)!.message).toBe(`message 256: ${10_000 - 256 - 9} more within a second`)
})
