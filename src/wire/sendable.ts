/** What values can be sent, whatever they are written as. */
import { LevinError } from '../errors.js'
import { Extension } from './value.js'

/** What to send in place of values that there is no format for. */
const INSTEAD: Readonly<Record<string, string>> = {
  Date: 'send getTime() or toISOString()',
  Set: 'send Array.from(it)',
  ArrayBuffer: 'send new Uint8Array(it)',
}
const INSTEAD_OF_OTHERS = 'send an array, a plain object, a Map or a Uint8Array made from it'

/** Of a path that is deeper, only so much is named. */
const MOST_NAMED = 8

export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * Whether a value is the sum of its properties, as plain objects and instances of most classes are. Dates, Sets,
 * Promises, Errors, boxed primitives and typed arrays are not, and have tags of their own: they would arrive as {}.
 */
export function isKeyed(value: object): boolean {
  return isPlain(value) || (tagOf(value) === 'Object' && !(value instanceof Extension))
}

/** Why a value that is nothing else cannot be sent. */
export function unsendable(value: unknown): string {
  if (typeof value !== 'object' || value === null)
    return `a value of type ${typeof value} cannot be sent: leave it out`
  const tag = tagOf(value)
  return `a value of type ${tag} cannot be sent: ${INSTEAD[tag] ?? INSTEAD_OF_OTHERS}`
}

/**
 * @param root what the value is called
 * @param keys from there to what cannot be sent
 * @throws LevinError `INVALID_REQUEST`
 */
export function refuseValue(root: string, keys: readonly unknown[], why: string): never {
  let path = root
  for (const key of keys.slice(0, MOST_NAMED)) {
    path += typeof key === 'string' && /^[\w$]+$/.test(key) ? `.${key}` : `[${label(key)}]`
  }
  if (keys.length > MOST_NAMED) path += '...'
  throw new LevinError('INVALID_REQUEST', `${path}: ${why}`)
}

/** `Date` for a Date, `Object` for an instance of most classes. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

function label(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.slice(0, 40))
  return typeof key === 'object' ? 'object' : String(key)
}
