import type { Buffer } from 'node:buffer'
import { MsgpackWriter } from './msgpack-writer.js'
import { isKeyed, isPlain, refuseValue, unsendable } from './sendable.js'
import { EncodedMap, Extension, has64Bits, isMapMarker, MAX_DEPTH } from './value.js'

/** Decides what a JavaScript value is on the wire. {@link encoding} gives each message an encoder of its own. */
export class Encoder extends MsgpackWriter {
  #root = ''
  /** The key of each container that is being written, for the path in an error. */
  readonly #path: unknown[] = []

  /**
   * Any value that MessagePack can hold.
   * @param root what an error calls the value, for instance `data`
   * @throws LevinError `INVALID_REQUEST`, naming the path of the value that cannot be encoded
   */
  value(value: unknown, root: string): void {
    this.#root = root
    this.#value(value, 0)
  }

  /**
   * A synapse's `data`.
   * @throws LevinError `INVALID_REQUEST` as `value` does, and for anything but a map with string keys
   */
  data(value: object): void {
    this.#root = 'data'
    if (value instanceof EncodedMap) this.#encodedMap(value, 0)
    else if (value instanceof Map) {
      for (const key of value.keys()) if (typeof key !== 'string') this.#refuse(0, 'its keys must be strings')
      this.#map(value, 0)
    } else if (isKeyed(value)) this.#properties(value, 0)
    else this.#refuse(0, 'must be an object with the fields to send, or a Map of them')
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') this.string(value)
    else if (typeof value === 'number') this.#number(value)
    else if (value === null) this.nil()
    else if (typeof value === 'object') this.#object(value, depth)
    else if (typeof value === 'boolean') this.boolean(value)
    else if (typeof value === 'bigint') this.#bigint(value, depth)
    else this.#refuse(depth, unsendable(value))
  }

  #number(value: number): void {
    // -0 has no integer format; integers beyond 2^53 are doubles in JavaScript, and stay what they are
    if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) this.integer(value)
    else this.float(value)
  }

  #bigint(value: bigint, depth: number): void {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) this.integer(Number(value))
    else if (has64Bits(value)) this.integer64(value)
    else this.#refuse(depth, 'a bigint must fit 64 bits: send a larger one as a string or as bytes')
  }

  #object(value: object, depth: number): void {
    if (isPlain(value)) this.#properties(value, depth)
    else if (value instanceof Uint8Array) this.binary(value)
    else if (Array.isArray(value)) this.#array(value, depth)
    else if (value instanceof EncodedMap) this.#encodedMap(value, depth)
    else if (value instanceof Map) this.#map(value, depth)
    else if (value instanceof Extension) this.#extension(value, depth)
    else if (isKeyed(value)) this.#properties(value, depth)
    else this.#refuse(depth, unsendable(value))
  }

  #array(values: readonly unknown[], depth: number): void {
    this.#enter(depth)
    const count = values.length
    this.arrayHeader(count)
    for (let i = this.floats(values, 0); i < count; i++) {
      const value = values[i]
      this.#path[depth] = i
      if (value === undefined) this.nil()
      else this.#value(value, depth + 1)
    }
  }

  #properties(from: object, depth: number): void {
    this.#enter(depth)
    const object = from as Record<string, unknown>
    let keys = Object.keys(object)
    if (keys.length > 15) keys = keys.filter((key) => object[key] !== undefined)
    const header = this.mapHeader(keys.length)
    let count = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      const value = object[key]
      if (value === undefined) continue
      this.#path[depth] = key
      this.string(key)
      this.#value(value, depth + 1)
      count++
    }
    if (count !== keys.length) this.patchMapHeader(header, count)
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    this.#enter(depth)
    this.mapHeader(map.size)
    for (const [key, value] of map) {
      this.#path[depth] = key
      this.#value(key, depth + 1)
      if (value === undefined) this.nil()
      else this.#value(value, depth + 1)
    }
  }

  #encodedMap(map: EncodedMap, depth: number): void {
    if (!isMapMarker(map.bytes[0] ?? 0))
      this.#refuse(depth, 'an EncodedMap must hold the MessagePack bytes of a map')
    this.encoded(map.bytes)
  }

  #extension({ type, data }: Extension, depth: number): void {
    if (!(Number.isInteger(type) && type >= -128 && type <= 127 && data instanceof Uint8Array)) {
      this.#refuse(depth, 'an Extension has a type from -128 to 127 and a Uint8Array')
    }
    this.extension(type, data)
  }

  #enter(depth: number): void {
    if (depth >= MAX_DEPTH) this.#refuse(depth, `more than ${MAX_DEPTH} levels deep: is there a cycle in it?`)
  }

  #refuse(depth: number, why: string): never {
    refuseValue(this.#root, this.#path.slice(0, depth), why)
  }
}

const shared = new Encoder()
let busy = false

/**
 * Runs `write` on an encoder and returns the finished bytes. A getter of the value may itself encode something: the
 * inner message then has an encoder of its own.
 */
export function encoding(headerBytes: number, write: (encoder: Encoder) => void): Buffer {
  if (busy) return writeWith(new Encoder(), headerBytes, write)
  busy = true
  try {
    return writeWith(shared, headerBytes, write)
  } finally {
    busy = false
  }
}

function writeWith(encoder: Encoder, headerBytes: number, write: (encoder: Encoder) => void): Buffer {
  encoder.begin(headerBytes)
  write(encoder)
  return encoder.finish()
}

/** See {@link MsgpackWriter.takeBack}. */
export function takeBack(message: Uint8Array): void {
  if (!busy) shared.takeBack(message)
}
