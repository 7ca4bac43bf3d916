import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { LevinError } from '../errors.js'

/** What a supervisor says to its program, in the environment. */
export const HANG_MS = 'LEVIN_HANG_MS'
export const SUPERVISOR_FD = 'LEVIN_SUPERVISOR_FD'

/** Less than this, and a collection of garbage is a hang. */
export const MIN_HANG_MS = 500
export const MAX_HANG_MS = 3_600_000

let fd: number | undefined

/**
 * Milliseconds that are a hang, where an option does not say: `LEVIN_HANG_MS`, else 0, which is never.
 * @throws LevinError CONFIG for what is no such number
 */
export function hangMsOfEnvironment(): number {
  const text = process.env[HANG_MS]
  if (text === undefined || text === '') return 0
  return checkHangMs(`${HANG_MS}`, Number(text))
}

/** @throws LevinError CONFIG saying what it may be */
export function checkHangMs(where: string, value: number): number {
  if (value === 0 || (Number.isInteger(value) && value >= MIN_HANG_MS && value <= MAX_HANG_MS)) return value
  throw new LevinError(
    'CONFIG',
    `${where} is ${inspect(value)}; it is an integer from ${MIN_HANG_MS} to ${MAX_HANG_MS}, or 0 for no watchdog`,
  )
}

/**
 * Stops this process when its supervisor is gone, as SIGTERM does: another one would find the port taken.
 * @returns the descriptor that the supervisor reads, of a process that has one
 */
export function followSupervisor(): number | undefined {
  const text = process.env[SUPERVISOR_FD]
  if (text === undefined) return fd
  delete process.env[SUPERVISOR_FD] // programs that this one starts have no such descriptor
  try {
    fd = Number(text)
    const pipe = new Socket({ fd })
    pipe.on('error', () => {}) // what follows is its end
    pipe.on('close', () => process.kill(process.pid, 'SIGTERM'))
    pipe.resume()
    pipe.unref()
  } catch {
    fd = undefined // somebody else's variable: there is no such descriptor here
  }
  return fd
}
