import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keptSecret } from '../../src/server/kept-secret.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'

const HOTKEY = '5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH'

let folder: string
let logger: RecordingLogger

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-state-'))
  logger = new RecordingLogger()
  vi.stubEnv('XDG_STATE_HOME', folder)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

test('is the same at each start, and nobody else can read it', async () => {
  const secret = await keptSecret(HOTKEY, logger)
  expect(secret).toHaveLength(32)
  expect(await keptSecret(HOTKEY, logger)).toEqual(secret)
  const kept = join(folder, 'levin')
  expect(readdirSync(kept)).toEqual([`reset-secret-${HOTKEY}`])
  expect(statSync(join(kept, `reset-secret-${HOTKEY}`)).mode & 0o777).toBe(0o600)
  expect(logger.lines).toEqual([])
})

test('is another for another hotkey', async () => {
  expect(await keptSecret('another', logger)).not.toEqual(await keptSecret(HOTKEY, logger))
})

test('is one for all who start at once', async () => {
  const secrets = await Promise.all(Array.from({ length: 20 }, () => keptSecret(HOTKEY, logger)))
  expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(1)
  expect(readdirSync(join(folder, 'levin'))).toHaveLength(1)
})

test.each([
  ['a file stands where the folder should be', () => writeFileSync(join(folder, 'levin'), '')],
  ['the file is too short', () => broken(31)],
  ['the file is empty', () => broken(0)],
  ['the file is too long', () => broken(33)],
])('is drawn, and the log says so, when %s', async (_what, spoil) => {
  spoil()
  const [one, other] = [await keptSecret(HOTKEY, logger), await keptSecret(HOTKEY, logger)]
  expect(one).toHaveLength(32)
  expect(one).not.toEqual(other)
  expect(logger.at('warn')).toHaveLength(2)
  expect(logger.lines[0]!.message).toContain('set XDG_STATE_HOME')
})

function broken(bytes: number): void {
  const kept = join(folder, 'levin')
  mkdirSync(kept)
  writeFileSync(join(kept, `reset-secret-${HOTKEY}`), new Uint8Array(bytes))
}
