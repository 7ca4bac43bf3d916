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
 * Heap that a decoded message may take: eight times its bytes, which is what a list of numbers of one byte each takes,
 * and so much besides, for the small maps that most messages are made of. A frame of 64 MiB may be 7 million doubles;
 * 16 MiB is 80,000 maps of one entry, however few bytes they are on the wire.
 */
export const HEAP_RATIO = 8
export const HEAP_FLOOR = 16 * 1024 * 1024

/**
 * Bytes of heap that V8 takes for a value besides its place in a list or map; at least as much as was measured on Node
 * 20, 22 and 26 (`test/wire/heap.test.ts` measures again).
 */
export const Weight = {
  list: 48,
  /** Of each element: a pointer, or a double. */
  element: 8,
  map: 56,
  /** Of a map that is not empty: V8 gives one of a shape of its own a table. */
  filledMap: 56,
  /** Besides the key's bytes. */
  entry: 88,
  /** Besides its bytes, which are twice as many when it is not ASCII. */
  string: 32,
  /** A number that is no small integer, in a list or map of other things. */
  number: 16,
  bigint: 32,
  /** A view of the message's bytes. */
  binary: 128,
  extension: 48,
  /** A `Map`, whose keys are not all strings. */
  mapOfOthers: 200,
  /** A key that is a list or binary, besides its bytes: they are kept to tell it from others. */
  compoundKey: 96,
} as const

/**
 * Work that decoding a message may take, in units of about 10 ns, since everybody else waits for it: 20 ms and a little
 * for each byte, up to 100 ms. A frame of 64 MiB may still be full of numbers or of long texts; 20 ms are 150,000 lists of
 * one, or 15,000 keys of which no two are the same, and twice as many of them in one map.
 */
export const WORK_FLOOR = 1_500_000
export const WORK_PER_BYTE = 0.5
export const MOST_WORK = 10_000_000

/** What values take of it, measured on Node 20. */
export const Work = {
  /** Of any value within a container. */
  value: 1,
  /** Of a number in a list of numbers, which is read by a loop of its own. */
  numberInList: 0.6,
  list: 7,
  map: 5,
  /** Besides its value. */
  entry: 3,
  /** Of a key that comes where none like it has come before: V8 makes maps of a new shape for it. */
  newShape: 100,
  /** Of a key of a map that has become a table. */
  laterKey: 40,
  mapOfOthers: 15,
  /** A string up to `SHORT_STRING` is joined of its bytes; others cost a call, and a little for each byte. */
  string: 2,
  longString: 10,
  bytesOfString: 1 / 16,
  /** Of one that is not ASCII, besides. */
  notAscii: 8,
  bytesNotAscii: 1 / 8,
  number: 4,
  bigint: 12,
  binary: 10,
} as const

/** V8 makes a longer list a table, at three times the memory. */
export const MAX_LIST = 2 ** 25 - 1

/** The same memory as a Buffer, whose string and number readers the codec uses. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Whether a map starts with this byte: fixmap, map 16 or map 32. */
export function isMapMarker(byte: number): boolean {
  return (byte & 0xf0) === 0x80 || byte === 0xde || byte === 0xdf
}

/** Whether a bigint is one of 64 bits, with a sign or without. */
export const has64Bits = (value: bigint): boolean =>
  value === (value < 0n ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value))
