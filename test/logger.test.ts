import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LevinError } from '../src/errors.js'
import { consoleLogger, guarded, type LogLevel, silentLogger, withFields } from '../src/logger.js'
import { RecordingLogger } from '../src/testing/recording-logger.js'
import { turn } from './support/frames.js'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const written: string[] = []

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation((line: string) => void written.push(line))
})

afterEach(() => {
  vi.restoreAllMocks()
  written.length = 0
})

/** Level, message and fields of each line, without its time. */
const lines = () => written.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''))

describe('consoleLogger', () => {
  test.each(LEVELS)('from %s on', (least) => {
    const logger = consoleLogger(least)
    for (const level of LEVELS) logger[level](`at ${level}`)
    expect(lines()).toEqual(LEVELS.slice(LEVELS.indexOf(least)).map((level) => `${level} at ${level}`))
  })

  test('from info on, unless told otherwise', () => {
    const logger = consoleLogger()
    logger.debug('no')
    logger.info('yes')
    expect(lines()).toEqual(['info yes'])
  })

  test('writes fields as JSON, one line each', () => {
    consoleLogger().info('seen', { hotkey: '5C', big: 2n ** 64n, text: 'a\nb' })
    expect(lines()).toEqual([`info seen {"hotkey":"5C","big":"18446744073709551616","text":"a\\nb"}`])
  })

  test('shows an error with its code, stack and cause', () => {
    const error = new LevinError('LIMIT', 'too much', { cause: new Error('why') })
    consoleLogger().error('failed', { error })
    const [line] = lines()
    const shown = JSON.parse(line!.slice('error failed '.length))
    expect(shown.error).toMatchObject({ code: 'LIMIT', message: 'too much', cause: { message: 'why' } })
    expect(shown.error.stack).toContain('logger.test')
  })

  // What an HTTP client throws holds its request, which holds its response, which holds its request.
  test.each([
    ['in its properties', (error: Error) => Object.assign(error, { request: { error } })],
    ['in its causes', (error: Error) => Object.assign(error, { cause: error })],
  ])('an error that holds itself %s is written all the same', (_, knot) => {
    const error = knot(new Error('circular'))
    expect(() => consoleLogger().error('failed', { error })).not.toThrow()
    expect(lines()).toHaveLength(1)
    expect(lines()[0]).toContain('circular')
  })

  test('a field that cannot be read is no reason to fail', () => {
    const fields = {
      bad: {
        toJSON() {
          throw new Error('no')
        },
      },
    }
    expect(() => consoleLogger().info('seen', fields)).not.toThrow()
    expect(lines()[0]).toContain('seen')
  })
})

test('silentLogger says nothing', () => {
  for (const level of LEVELS) silentLogger[level]('x', { a: 1 })
  expect(written).toEqual([])
})

test('a guarded logger loses what cannot be written, now or later, and throws nothing', async () => {
  const unhandled: unknown[] = []
  const keep = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', keep)
  const broken = new RecordingLogger()
  broken.info = () => {
    throw new Error('the disk is full')
  }
  broken.warn = async () => {
    throw new Error('the network is down')
  }
  try {
    const logger = guarded(broken)
    logger.info('lost')
    logger.warn('lost')
    logger.error('kept', { n: 1 })
    await turn()
  } finally {
    process.off('unhandledRejection', keep)
  }
  expect(unhandled).toEqual([])
  expect(broken.lines).toEqual([{ level: 'error', message: 'kept', fields: { n: 1 } }])
})

describe('withFields', () => {
  test('adds its fields to every line, and a line may say otherwise', () => {
    const logger = new RecordingLogger()
    const more = withFields(withFields(logger, { call: '1', who: 'a' }), { who: 'b' })
    for (const level of LEVELS) more[level](`at ${level}`)
    more.info('own', { call: '2' })
    expect(logger.lines).toEqual([
      ...LEVELS.map((level) => ({ level, message: `at ${level}`, fields: { call: '1', who: 'b' } })),
      { level: 'info', message: 'own', fields: { call: '2', who: 'b' } },
    ])
  })
})
