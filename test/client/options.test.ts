import { describe, expect, test } from 'vitest'
import { checkTimeout, checkValidatorOptions } from '../../src/client/options.js'
import { systemClock } from '../../src/clock.js'
import type { ValidatorOptions } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { validatorSigner } from '../support/hotkeys.js'

const needed = { signer: validatorSigner }
const MAX_TIMER = 2 ** 31 - 1
const check = (options: object) => checkValidatorOptions({ ...needed, ...options } as ValidatorOptions)
const refused = (mention: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(mention) })

test('the defaults', () => {
  expect(check({})).toEqual({
    ...needed,
    engine: process.env.LEVIN_ENGINE ?? 'auto',
    logger: expect.anything(),
    noise: expect.anything(),
    connectTimeoutMs: 10_000,
    timeoutMs: 12_000,
    streamTimeoutMs: 60_000,
    maxFrameBytes: 64 * 1024 * 1024,
    maxStreamBytes: 64 * 1024 * 1024,
    answerMemoryBytes: 64 * 1024 * 1024,
    maxConnections: 1024,
    reconnect: {
      firstMs: 1000,
      mostMs: 60_000,
      fastTries: 5,
      probeMs: 60_000,
      jitter: 0.2,
      background: false,
    },
    idleTimeoutMs: 150_000,
    keepAliveMs: 30_000,
    hangMs: 0,
    clock: systemClock,
  })
})

test('what is given is kept', () => {
  const given = {
    engine: 'quiche' as const,
    logger: new RecordingLogger(),
    connectTimeoutMs: 1,
    timeoutMs: 2,
    streamTimeoutMs: 3,
    maxFrameBytes: 2 ** 20,
    maxStreamBytes: Number.POSITIVE_INFINITY,
    answerMemoryBytes: 2 ** 21,
    maxConnections: 4,
    reconnect: { firstMs: 10, mostMs: 20, fastTries: 0, probeMs: 30, jitter: 1, background: true },
    idleTimeoutMs: 500,
    keepAliveMs: 60,
    hangMs: 600,
    clock: new FakeClock(),
  }
  expect(check(given)).toEqual({ ...needed, ...given, logger: expect.anything(), noise: expect.anything() })
})

test.each([{ signer: undefined }, { signer: null }, { signer: { hotkey: validatorSigner.hotkey } }])(
  'a signer is needed: %j',
  (given) => {
    expect(() => check(given)).toThrow(refused('signer'))
    expect(() => check(given)).toThrow('seedSigner')
  },
)

test("the signer's hotkey is one", () => {
  expect(() => check({ signer: { hotkey: 'me', sign: () => new Uint8Array(64) } })).toThrow(refused('me'))
})

describe('limits', () => {
  test.each<[keyof ValidatorOptions, number, number, object?]>([
    ['connectTimeoutMs', 1, MAX_TIMER],
    ['timeoutMs', 1, MAX_TIMER],
    ['streamTimeoutMs', 1, MAX_TIMER],
    ['maxFrameBytes', 1024 * 1024, 2 ** 32 - 1],
    ['answerMemoryBytes', 1024 * 1024, Number.MAX_SAFE_INTEGER],
    ['idleTimeoutMs', 100, 3_600_000],
    ['maxConnections', 1, 65_536],
    ['keepAliveMs', 10, 149_999],
    ['keepAliveMs', 10, 99, { idleTimeoutMs: 100 }],
  ])('%s from %d to %d', (option, least, most, others) => {
    for (const value of [least, most])
      expect(check({ ...others, [option]: value })).toHaveProperty(option, value)
    for (const value of [
      least - 1,
      most + 1,
      least + 0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      `${least}`,
    ]) {
      expect(() => check({ ...others, [option]: value }), String(value)).toThrow(refused(option))
    }
  })

  test('a short idle timeout brings the keep-alive down with it', () => {
    expect(check({ idleTimeoutMs: 100 })).toMatchObject({ keepAliveMs: 99 })
  })
})

describe('reconnect', () => {
  test.each<[string, number, number, object?]>([
    ['firstMs', 10, MAX_TIMER],
    ['mostMs', 500, MAX_TIMER, { firstMs: 500 }],
    ['fastTries', 0, 1_000_000],
    ['probeMs', 10, MAX_TIMER],
  ])('%s from %d to %d', (option, least, most, others) => {
    for (const value of [least, most])
      expect(check({ reconnect: { ...others, [option]: value } }).reconnect).toHaveProperty(option, value)
    for (const value of [least - 1, most + 1, least + 0.5, `${least}`])
      expect(() => check({ reconnect: { ...others, [option]: value } })).toThrow(refused(option))
  })

  test.each([
    { jitter: -0.1 },
    { jitter: 1.1 },
    { jitter: Number.NaN },
    { background: 1 },
    { backgroud: true },
  ])('%j is refused', (reconnect) =>
    expect(() => check({ reconnect })).toThrow(refused(Object.keys(reconnect)[0]!)),
  )

  test('a first wait over the longest brings that up with it', () => {
    expect(check({ reconnect: { firstMs: 90_000 } }).reconnect).toMatchObject({ mostMs: 90_000 })
  })
})

test('the bytes of a stream', () => {
  for (const maxStreamBytes of [1, 2 ** 40, Number.POSITIVE_INFINITY])
    expect(check({ maxStreamBytes })).toMatchObject({ maxStreamBytes })
  for (const maxStreamBytes of [0, -1, 1.5, Number.NaN, '1'])
    expect(() => check({ maxStreamBytes })).toThrow(refused('maxStreamBytes'))
})

test('an unknown option is named, with those that there are', () => {
  expect(() => check({ timeout: 1 })).toThrow(refused("'timeout'"))
  expect(() => check({ timeout: 1 })).toThrow('timeoutMs')
})

test('checkTimeout', () => {
  expect(checkTimeout('timeoutMs', 5)).toBe(5)
  for (const value of [0, -1, 2 ** 31, 0.5, Number.NaN]) {
    expect(() => checkTimeout('timeoutMs', value)).toThrow(refused('timeoutMs'))
  }
})

test('a logger that throws loses the line, and nothing else', () => {
  const log = new RecordingLogger()
  const { logger } = check({ logger: log })
  logger.warn('heard', { a: 1 })
  expect(log.lines).toEqual([{ level: 'warn', message: 'heard', fields: { a: 1 } }])
  log.error = () => {
    throw new Error('the disk is full')
  }
  expect(() => logger.error('not heard')).not.toThrow()
})
