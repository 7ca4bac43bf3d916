import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type LoggerOptions, pino } from 'pino'
import { describe, expect, test } from 'vitest'
import {
  consoleLogger,
  type MetagraphFileOptions,
  Miner,
  type MinerOptions,
  metagraphFile,
  open,
  type SourceFilterOptions,
  sourceFilter,
  Validator,
  type ValidatorOptions,
} from '../src/index.js'
import { checkLogger, pinoLogger } from '../src/pino-logger.js'
import { minerSigner } from './support/hotkeys.js'

test('a pino of your own is told the message, the fields and the level', () => {
  const lines: { level: number; msg: string; call: string }[] = []
  const logger = pinoLogger(
    pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  )
  logger.debug('not heard')
  logger.info('came', { call: '1' })
  logger.warn('stayed', { call: '2' })
  logger.error('went', { call: '3' })
  expect(lines).toMatchObject([
    { level: 30, msg: 'came', call: '1' },
    { level: 40, msg: 'stayed', call: '2' },
    { level: 50, msg: 'went', call: '3' },
  ])
})

/** A logger on a pino of one's own, and what that wrote. */
function ownPino(options: LoggerOptions = {}) {
  const lines: Record<string, unknown>[] = []
  const own = pino(options, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { own, logger: pinoLogger(own), lines }
}

describe('an error in a pino of your own', () => {
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'NO_DISK' })

  test('has its message, stack, code and cause', () => {
    const { logger, lines } = ownPino()
    logger.error('failed', { error, call: '1' })
    expect(lines).toMatchObject([
      {
        msg: 'failed',
        call: '1',
        error: { type: 'Error', message: 'outer', code: 'NO_DISK', cause: { message: 'inner' } },
      },
    ])
    expect(lines[0]).toHaveProperty('error.stack', error.stack)
  })

  test('is left to the serializer that it has for one', () => {
    const { logger, lines } = ownPino({ serializers: { error: (given: Error) => `my ${given.message}` } })
    logger.error('failed', { error })
    expect(lines).toMatchObject([{ error: 'my outer' }])
  })

  test('and a change of its level is heeded', () => {
    const { own, logger, lines } = ownPino({ level: 'silent' })
    logger.error('failed', { error })
    own.level = 'debug'
    logger.debug('failed', { error })
    expect(lines).toMatchObject([{ level: 20, error: { message: 'outer' } }])
  })

  test.each([
    ['a getter that throws', Object.defineProperty(new Error('no'), 'x', { enumerable: true, get: throws })],
    ['nothing that can be changed', Object.freeze(new Error('no'))],
  ])('with %s is written all the same', (_, error) => {
    const { logger, lines } = ownPino()
    logger.error('failed', { error, call: '1' })
    expect(lines).toMatchObject([{ msg: 'failed', call: '1', error: expect.stringContaining('Error: no') }])
  })

  function throws(): never {
    throw new Error('not to be read')
  }
})

describe('the logger of an option', () => {
  const loggers: [string, (logger: unknown) => unknown][] = [
    ['new Miner', (logger) => new Miner({ signer: minerSigner, access: open(), logger } as MinerOptions)],
    ['new Validator', (logger) => new Validator({ signer: minerSigner, logger } as ValidatorOptions)],
    ["metagraphFile('m.json')", (logger) => metagraphFile('m.json', { logger } as MetagraphFileOptions)],
    ['sourceFilter', (logger) => sourceFilter({ resolve: () => [], logger } as SourceFilterOptions)],
  ]
  const { debug, info, warn } = consoleLogger()

  test.each(loggers)('%s refuses a pino, and what is no logger', (where, make) => {
    const refused = (text: string) =>
      expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(`${where}: ${text}`) })
    expect(() => make(ownPino().own)).toThrow(refused('logger is a pino'))
    expect(() => make(ownPino().own)).toThrow('write logger: pinoLogger(yourPino)')
    expect(() => make({ debug, info, warn })).toThrow(refused("logger has no method 'error'"))
    expect(() => make({})).toThrow(refused("logger has no method 'debug'"))
    expect(() => make('info')).toThrow(refused("logger has no method 'debug'"))
    expect(() => make(consoleLogger())).not.toThrow()
    expect(() => make(undefined)).not.toThrow()
  })

  test.each([undefined, ownPino().logger])('loses a line rather than throw: %#', (given) => {
    const logger = checkLogger('here', given, 'info')
    const fields = {
      get unreadable() {
        throw new Error('no')
      },
    }
    expect(() => logger.error('failed', fields)).not.toThrow()
  })
})

test.skipIf(!existsSync('/dev/full'))('a full disk costs lines, and not the process', () => {
  const levin = fileURLToPath(new URL('../dist/index.js', import.meta.url))
  const script = `
    import { pinoLogger } from ${JSON.stringify(levin)}
    const logger = pinoLogger()
    for (let n = 0; n < 3; n++) logger.error('nobody reads it')
    console.log('alive')`
  const full = openSync('/dev/full', 'w')
  try {
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', full],
    })
    expect([status, stdout]).toEqual([0, 'alive\n'])
  } finally {
    closeSync(full)
  }
})

test('by default, lines of JSON on standard error, errors with their cause, complete when the process ends', () => {
  const levin = fileURLToPath(new URL('../dist/index.js', import.meta.url))
  const script = `
    import { pinoLogger } from ${JSON.stringify(levin)}
    const logger = pinoLogger('warn')
    logger.info('not heard')
    logger.error('failed', { error: new Error('outer', { cause: new Error('inner') }), big: 2n ** 64n })
    process.exit(0)`
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  const lines = stderr.trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('18446744073709551616')
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 50,
    name: 'levin',
    msg: 'failed',
    error: { message: 'outer', cause: { message: 'inner' } },
  })
})
