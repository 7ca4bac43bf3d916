import { afterEach, expect, test, vi } from 'vitest'
import { checkHangMs, followSupervisor, hangMsOfEnvironment } from '../../src/watchdog/supervised.js'

afterEach(() => vi.unstubAllEnvs())

const config = (text: string) =>
  expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })

test.each([
  [undefined, 0],
  ['', 0],
  ['0', 0],
  ['500', 500],
  ['1500', 1500],
  ['3600000', 3_600_000],
])('LEVIN_HANG_MS=%s is %i ms', (text, ms) => {
  vi.stubEnv('LEVIN_HANG_MS', text)
  expect(hangMsOfEnvironment()).toBe(ms)
})

test.each(['499', '3600001', '-1', '1.5s', 'on', '1e99'])('LEVIN_HANG_MS=%s is refused', (text) => {
  vi.stubEnv('LEVIN_HANG_MS', text)
  expect(hangMsOfEnvironment).toThrow(config('LEVIN_HANG_MS is'))
})

test('what an option may be is said', () => {
  expect(() => checkHangMs('new Miner: hangMs', 10)).toThrow(
    config('new Miner: hangMs is 10; it is an integer from 500 to 3600000, or 0 for no watchdog'),
  )
})

test.each(['99999', 'none', '-3'])('somebody else’s LEVIN_SUPERVISOR_FD=%s is none of ours', (text) => {
  vi.stubEnv('LEVIN_SUPERVISOR_FD', text)
  expect(followSupervisor()).toBeUndefined()
  expect(process.env.LEVIN_SUPERVISOR_FD).toBeUndefined()
})
