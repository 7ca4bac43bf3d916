import { totalmem } from 'node:os'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { open } from '../../src/server/access/open.js'
import { DEFAULT_WORKERS } from '../../src/server/dispatch/workers.js'
import type { MinerLimits } from '../../src/server/limits.js'
import { checkMinerOptions, type MinerOptions } from '../../src/server/options.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { defaultPeerLimits } from '../../src/transport/peer-limits.js'
import { minerSigner } from '../support/hotkeys.js'

const needed = { signer: minerSigner, access: open() }
const check = (options: object) => checkMinerOptions({ ...needed, ...options } as MinerOptions)
const refused = (mention: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(mention) })

test("the defaults are btlightning's", () => {
  expect(check({})).toEqual({
    ...needed,
    engine: process.env.LEVIN_ENGINE ?? 'auto',
    logger: expect.anything(),
    callLogger: expect.anything(),
    handlerTimeoutMs: 30_000,
    handshakeTimeoutMs: 10_000,
    strangerTimeoutMs: 30_000,
    handshakesPerMinute: 30,
    progressTimeoutMs: 60_000,
    limits: expect.anything(),
    accessReviewMs: 60_000,
    validateAddresses: true,
    resetSecret: minerSigner.secretFor!('stateless reset'),
    workers: DEFAULT_WORKERS,
    blockedMs: 100,
    hangMs: 0,
    drainMs: 10_000,
    maxFrameBytes: 64 * 1024 * 1024,
    maxValidators: 128,
    maxStreams: 128,
    idleTimeoutMs: 150_000,
    keepAliveMs: 30_000,
    clock: systemClock,
  })
})

test('what is given is kept', () => {
  const given = {
    engine: 'quiche' as const,
    logger: new RecordingLogger(),
    handlerTimeoutMs: 1,
    handshakeTimeoutMs: 2,
    strangerTimeoutMs: 4,
    handshakesPerMinute: 9,
    progressTimeoutMs: 1000,
    limits: { ...check({}).limits, halfOpen: 3, queuedBytes: 2 ** 20 },
    accessReviewMs: 100,
    validateAddresses: false,
    resetSecret: new Uint8Array(32),
    workers: 3,
    blockedMs: 10,
    hangMs: 500,
    drainMs: 3,
    maxFrameBytes: 2 ** 20,
    maxValidators: 5,
    maxStreams: 6,
    idleTimeoutMs: 7000,
    keepAliveMs: 8,
    clock: new FakeClock(),
  }
  expect(check(given)).toEqual({
    ...needed,
    ...given,
    logger: expect.anything(),
    callLogger: expect.anything(),
  })
})

describe('who and for whom', () => {
  test.each([
    ['signer', { signer: undefined }, 'seedSigner'],
    ['signer', { signer: null }, 'seedSigner'],
    ['signer', { signer: { hotkey: minerSigner.hotkey } }, 'seedSigner'],
    ['access', { access: undefined }, 'allowlist'],
  ])('%s is needed: %j', (option, given, fix) => {
    expect(() => check(given)).toThrow(refused(option))
    expect(() => check(given)).toThrow(fix)
  })

  test.each([
    [[minerSigner.hotkey], `[ '${minerSigner.hotkey}' ] is no access policy`],
    ['open', "'open' is no access policy"],
    [true, 'true is no access policy'],
    [null, 'null is no access policy'],
  ])('access that is there and wrong is shown: %j', (access, text) => {
    expect(() => check({ access })).toThrow(refused(`${text}; it is allowlist(`))
  })

  test("the signer's hotkey is one", () => {
    expect(() => check({ signer: { hotkey: 'me', sign: () => new Uint8Array(64) } })).toThrow(refused('me'))
  })
})

describe('limits', () => {
  // option, least, most, and the other options that this needs
  const limits: [keyof MinerOptions, number, number, object?][] = [
    ['handlerTimeoutMs', 1, 149_999],
    ['handlerTimeoutMs', 1, 999, { idleTimeoutMs: 1000 }],
    ['handshakeTimeoutMs', 1, 149_999],
    ['keepAliveMs', 1, 149_999],
    ['drainMs', 0, 3_600_000],
    ['maxFrameBytes', 1024 * 1024, 2 ** 32 - 1],
    ['maxValidators', 1, 65_536],
    ['maxStreams', 1, 65_536],
  ]

  test.each(limits)('%s from %d to %d', (option, least, most, others) => {
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

  test('idleTimeoutMs up to an hour', () => {
    expect(check({ idleTimeoutMs: 3_600_000 })).toHaveProperty('idleTimeoutMs', 3_600_000)
    for (const value of [3_600_001, 0, -1, 1.5, Number.NaN]) {
      expect(() => check({ idleTimeoutMs: value }), String(value)).toThrow(refused('idleTimeoutMs'))
    }
  })

  test('an idle timeout that leaves no room for the others is blamed itself', () => {
    expect(() => check({ idleTimeoutMs: 1 })).toThrow(refused('idleTimeoutMs is 1'))
  })

  test('a short idle timeout brings the defaults of the others down with it', () => {
    expect(check({ idleTimeoutMs: 1000 })).toMatchObject({
      handlerTimeoutMs: 999,
      handshakeTimeoutMs: 999,
      keepAliveMs: 999,
    })
  })
})

describe('what a peer may cost', () => {
  test('the defaults', () => {
    const { limits } = check({})
    const constrained = process.constrainedMemory()
    expect(limits).toEqual({
      ...defaultPeerLimits,
      halfOpen: 320,
      halfOpenPerAddress: 8,
      newPerMinute: 30,
      strangers: 512,
      strangerStreams: 8,
      queuedBytes: 64 * 1024 * 1024,
      memoryBytes: constrained > 0 && constrained < totalmem() ? constrained : totalmem(),
    })
  })

  test.each<[keyof MinerLimits, number, number]>([
    ['halfOpenBytes', 4096, 2 ** 20],
    ['overheadBytes', 2 ** 20, 2 ** 32 - 1],
    ['halfOpen', 1, 65_536],
    ['halfOpenPerAddress', 1, 65_536],
    ['newPerMinute', 1, 65_536],
    ['strangers', 1, 65_536],
    ['strangerStreams', 1, 65_536],
    ['queuedBytes', 2 ** 20, Number.MAX_SAFE_INTEGER],
    ['memoryBytes', 2 ** 26, Number.MAX_SAFE_INTEGER],
  ])('%s from %d to %d', (name, least, most) => {
    for (const value of [least, most]) expect(check({ limits: { [name]: value } }).limits[name]).toBe(value)
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, `${least}`])
      expect(() => check({ limits: { [name]: value } }), String(value)).toThrow(refused(`limits: ${name} is`))
  })

  test('one that there is not is named', () => {
    expect(() => check({ limits: { halfOpened: 1 } })).toThrow(
      refused("'halfOpened'; there are halfOpenBytes"),
    )
    expect(() => check({ limits: null })).toThrow(refused('limits'))
  })
})

test('an unknown option is named, with those that there are', () => {
  expect(() => check({ maxStream: 1 })).toThrow(refused('maxStream'))
  expect(() => check({ maxStream: 1 })).toThrow('maxStreams')
})

test.each([undefined, null, 'wss://'])('%j in place of the options', (given) => {
  expect(() => checkMinerOptions(given as unknown as MinerOptions)).toThrow(
    refused('an object with signer, access'),
  )
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
