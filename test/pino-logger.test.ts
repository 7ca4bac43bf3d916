import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { pinoLogger } from '../src/pino-logger.js'

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
