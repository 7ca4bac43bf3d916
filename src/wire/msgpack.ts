import type { Buffer } from 'node:buffer'
import { Decoder } from './msgpack-decoder.js'
import { encoding } from './msgpack-encoder.js'
import type { Value } from './value.js'

/**
 * The MessagePack bytes of a value: of plain objects and class instances the own enumerable properties (undefined
 * ones left out), of Maps the entries, Uint8Array as bin, numbers as the narrowest integer format or f64, bigints
 * when they fit 64 bits.
 *
 * @param name what an error calls the value
 * @returns a view; the bytes behind it are never written again
 * @throws LevinError `INVALID_REQUEST` naming the path of what cannot be encoded, for instance
 *   `value.items[3].price`: functions, symbols, Dates, Sets, typed arrays other than Uint8Array, more than 64 levels
 */
export function encodeValue(value: unknown, name = 'value'): Buffer {
  return encoding(0, (encoder) => encoder.value(value, name))
}

/**
 * The one value that `bytes` hold; see {@link Value} for what comes out. Binary values are views of `bytes`.
 *
 * @throws LevinError `PROTOCOL` for anything but exactly one well-formed value within `MAX_DEPTH` and what its
 *   bytes may cost (`HEAP_RATIO`)
 */
export function decodeValue(bytes: Uint8Array): Value {
  const decoder = new Decoder(bytes)
  const value = decoder.value()
  decoder.end()
  return value
}
