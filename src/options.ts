/** Checks of options that the metagraph's sources, the access rules and the middleware have in common. */
import { inspect } from 'node:util'
import { LevinError } from './errors.js'

/** Node's longest timer: what is longer would run at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * @param where what it says in an error
 * @throws LevinError CONFIG naming the option that there is not
 */
export function checkKeys(where: string, options: object, keys: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new LevinError(
      'CONFIG',
      `${where}: the options are ${inspect(options)}; they are an object with ${keys.join(', ')}`,
    )
  }
  for (const key of Object.keys(options)) {
    if (keys.includes(key)) continue
    throw new LevinError('CONFIG', `${where}: there is no option '${key}'; there are ${keys.join(', ')}`)
  }
}

/** Whether an option is a list, a Set or the like; a text is none. */
export const isList = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value

/** @throws LevinError CONFIG naming the option and its range */
export function integer(where: string, name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new LevinError(
    'CONFIG',
    `${where}: ${name} is ${inspect(value)}; it is an integer from ${least} to ${most}`,
  )
}

/** @throws LevinError CONFIG for what no timer can wait */
export const milliseconds = (where: string, name: string, value: number): number =>
  integer(where, name, value, 1, MAX_TIMER_MS)
