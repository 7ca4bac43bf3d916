/** What is sent as JSON. */
import { Buffer } from 'node:buffer'
import { decodeValue } from '../../wire/msgpack.js'
import { isKeyed, isPlain, refuseValue, unsendable } from '../../wire/sendable.js'
import { EncodedMap, Extension, has64Bits, MAX_DEPTH } from '../../wire/value.js'
import { wellFormed } from './well-formed.js'

/**
 * The JSON text of what MessagePack can hold, so that both are sent alike: bytes as base64, a bigint as an integer where a
 * double has it exactly and else as text, a double with no fraction beyond that with an exponent. What JSON has no form for
 * is refused: `NaN` and the infinities, extensions, maps whose keys are no text.
 *
 * @param name what an error calls the value
 * @throws LevinError `INVALID_REQUEST` naming the path of what cannot be sent, for instance `value.items[3].price`
 */
export function writeJson(value: unknown, name = 'value'): string {
  return new Writer(name).value(value, 0)
}

class Writer {
  readonly #root: string
  /** The key of each container that is being written, for the path in an error. */
  readonly #path: unknown[] = []

  constructor(root: string) {
    this.#root = root
  }

  value(value: unknown, depth: number): string {
    if (typeof value === 'string') return quoted(value)
    if (typeof value === 'number') return this.#number(value, depth)
    if (typeof value === 'boolean') return value ? 'true' : 'false'
    if (value === null) return 'null'
    if (typeof value === 'object') return this.#object(value, depth)
    if (typeof value === 'bigint') return this.#bigint(value, depth)
    this.#refuse(depth, unsendable(value))
  }

  #number(value: number, depth: number): string {
    if (Number.isSafeInteger(value)) return value !== 0 || 1 / value > 0 ? `${value}` : '-0.0'
    if (!Number.isFinite(value)) this.#refuse(depth, `JSON has no ${value}: send null, or leave it out`)
    // without an exponent it would be read as an integer of which each digit counts
    return Number.isInteger(value) ? value.toExponential() : `${value}`
  }

  #bigint(value: bigint, depth: number): string {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return `${value}`
    if (has64Bits(value)) return `"${value}"`
    this.#refuse(depth, 'a bigint must fit 64 bits: send a larger one as a string or as bytes')
  }

  #object(value: object, depth: number): string {
    if (isPlain(value)) return this.#properties(Object.entries(value), depth)
    if (value instanceof Uint8Array) return `"${base64Of(value)}"`
    if (Array.isArray(value)) return this.#list(value, depth)
    if (value instanceof EncodedMap) return this.value(decodeValue(value.bytes), depth)
    if (value instanceof Map) return this.#properties(value, depth)
    if (value instanceof Extension) this.#refuse(depth, 'JSON has no extensions: send text or bytes')
    if (isKeyed(value)) return this.#properties(Object.entries(value), depth)
    this.#refuse(depth, unsendable(value))
  }

  #list(values: readonly unknown[], depth: number): string {
    this.#enter(depth)
    let text = '['
    for (let i = 0; i < values.length; i++) {
      this.#path[depth] = i
      if (i > 0) text += ','
      text += this.value(values[i] ?? null, depth + 1)
    }
    return `${text}]`
  }

  #properties(entries: Iterable<readonly [unknown, unknown]>, depth: number): string {
    this.#enter(depth)
    let text = ''
    for (const [key, value] of entries) {
      if (value === undefined) continue
      this.#path[depth] = key
      if (typeof key !== 'string') this.#refuse(depth, 'the keys of a map are text in JSON')
      text += `${text === '' ? '' : ','}${quoted(key)}:${this.value(value, depth + 1)}`
    }
    return `{${text}}`
  }

  #enter(depth: number): void {
    if (depth >= MAX_DEPTH) this.#refuse(depth, `more than ${MAX_DEPTH} levels deep: is there a cycle in it?`)
  }

  #refuse(depth: number, why: string): never {
    refuseValue(this.#root, this.#path.slice(0, depth), why)
  }
}

const base64Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** What stands in a text as something else than itself: also halves of characters, which UTF-8 has no form for. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is escaped
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/

const quoted = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(wellFormed(text)) : `"${text}"`)
