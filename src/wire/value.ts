import { Buffer } from 'node:buffer'

/**
 * What `data` may hold, decoded:
 *
 * | MessagePack      | here                                                                              |
 * | ---------------- | --------------------------------------------------------------------------------- |
 * | nil, bool        | `null`, `boolean`                                                                 |
 * | any integer      | `number` when it is a safe integer, else `bigint`: no 64-bit value is ever rounded |
 * | f32, f64         | `number`                                                                          |
 * | str              | `string`                                                                          |
 * | bin              | `Buffer`, a view of the message's bytes: copy it to keep it small                 |
 * | array            | `Value[]`                                                                         |
 * | map              | plain object when every key is a string, else `Map` (Rust enums have integer keys) |
 * | ext              | `Extension`                                                                       |
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | { [key: string]: Value }
  | Map<Value, Value>
  | Extension
  | EncodedMap

/** A synapse's `data`: a map with string keys. */
export type SynapseData = { [key: string]: Value }

/** A MessagePack extension value, kept as it came. */
export class Extension {
  /**
   * @param type from -128 to 127
   * @param data up to 2^32-1 bytes
   */
  constructor(
    readonly type: number,
    readonly data: Uint8Array,
  ) {}
}

/**
 * The MessagePack bytes of one map, written as they are wherever a map may stand: an echo or a relay costs one copy,
 * and loses nothing (key order, integer widths, f32).
 */
export class EncodedMap {
  /** @param bytes exactly one MessagePack map; a view, so do not change what it shows */
  constructor(readonly bytes: Uint8Array) {}
}

/** Containers within containers, in a message and in `data`; what the deepest legitimate data needs is far below. */
export const MAX_DEPTH = 64

/**
 * Values in one message, map keys counted too, an ext as two. Whatever a value weighs on the wire, here it costs up to
 * 100 bytes, a Map 250: so a decode bomb ends at some 30 MiB and 0.1 s. Long series of numbers belong in a bin.
 */
export const MAX_NODES = 262_144

/** The same memory as a Buffer, whose string and number readers the codec uses. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Whether a map starts with this byte: fixmap, map 16 or map 32. */
export function isMapMarker(byte: number): boolean {
  return (byte & 0xf0) === 0x80 || byte === 0xde || byte === 0xdf
}
