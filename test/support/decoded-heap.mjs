/** What decoded values really take of the heap: run with --expose-gc; prints a line of JSON for each shape. */
import { decodeValue } from '../../dist/wire/msgpack.js'

const MIB = 1024 * 1024
/** Bytes of each message: enough that the ratio counts, and not the floor alone. */
const MESSAGE = MIB

const bytes = (...values) => Buffer.from(values)
const name = (i, letters) => {
  let text = ''
  for (let n = 0; n < letters; n++, i = Math.floor(i / 26)) text += String.fromCharCode(97 + (i % 26))
  return Buffer.concat([bytes(0xa0 | letters), Buffer.from(text)])
}
const double = (value) => {
  const encoded = Buffer.alloc(9, 0xcb)
  encoded.writeDoubleBE(value, 1)
  return encoded
}
const float = (value) => {
  const encoded = Buffer.alloc(5, 0xca)
  encoded.writeFloatBE(value, 1)
  return encoded
}
const uint32 = (value) => {
  const encoded = Buffer.alloc(5, 0xce)
  encoded.writeUInt32BE(value, 1)
  return encoded
}
const uint64 = (value) => {
  const encoded = Buffer.alloc(9, 0xcf)
  encoded.writeBigUInt64BE(value, 1)
  return encoded
}

const shapes = {
  nil: () => bytes(0xc0),
  'doubles alone': (i) => double(i + 0.5),
  'floats among nils': (i) => (i % 2 === 0 ? bytes(0xc0) : float(i + 0.5)),
  'large integers among nils': (i) => (i % 2 === 0 ? bytes(0xc0) : uint32(4e9 + i)),
  'empty lists': () => bytes(0x90),
  'lists of one': () => bytes(0x91, 0xc0),
  'lists in lists': () => bytes(0x91, 0x91, 0x91, 0x91, 0xc0),
  'empty maps': () => bytes(0x80),
  'maps of one shape': () => bytes(0x81, 0xa1, 97, 1),
  'maps of as many shapes': (i) => Buffer.concat([bytes(0x81), name(i, 4), bytes(1)]),
  'maps of two keys, as many shapes': (i) =>
    Buffer.concat([bytes(0x82), name(2 * i, 4), bytes(1), name(2 * i + 1, 4), bytes(1)]),
  'maps of 15 keys': () =>
    Buffer.concat([bytes(0x8f), ...Array.from({ length: 15 }, (_, k) => bytes(0xa1, 97 + k, 1))]),
  'maps with an integer key': () => bytes(0x81, 1, 1),
  'maps with a binary key': () => bytes(0x81, 0xc4, 0, 1),
  'strings of 2': (i) => name(i, 2),
  'strings of 12': (i) => name(i, 12),
  'strings of 16': (i) => name(i, 16),
  'strings that are not ASCII': (i) =>
    Buffer.concat([bytes(0xbf), Buffer.from('€'), Buffer.alloc(28, 97 + (i % 26))]),
  bigints: (i) => uint64(2n ** 60n + BigInt(i)),
  'empty binaries': () => bytes(0xc4, 0),
  'empty extensions': () => bytes(0xc7, 0, 1),
}

const list = (items) => {
  const header = bytes(0xdd, 0, 0, 0, 0)
  header.writeUInt32BE(items.length, 1)
  return Buffer.concat([header, ...items])
}

/** The largest message of the shape, up to `MESSAGE`, that is not refused. */
function largest(shape) {
  let most = Math.floor(MESSAGE / shape(0).length)
  for (;;) {
    const message = list(Array.from({ length: most }, (_, i) => shape(i)))
    try {
      decodeValue(message)
      return message
    } catch {
      most = Math.floor(most * 0.7)
    }
  }
}

const keep = []
for (const [what, shape] of Object.entries(shapes)) {
  const message = largest(shape)
  globalThis.gc()
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  keep.push(decodeValue(message))
  globalThis.gc()
  globalThis.gc()
  console.log(JSON.stringify({ what, bytes: message.length, heap: process.memoryUsage().heapUsed - before }))
  keep.pop()
}
