import { type Buffer, constants, isAscii, isUtf8, transcode } from 'node:buffer'
import { LevinError } from '../errors.js'
import { Shape } from './shape.js'
import {
  asBuffer,
  EncodedMap,
  Extension,
  HEAP_FLOOR,
  HEAP_RATIO,
  isMapMarker,
  MAX_DEPTH,
  MAX_LIST,
  MOST_WORK,
  type Value,
  Weight,
  WORK_FLOOR,
  WORK_PER_BYTE,
  Work,
} from './value.js'

/**
 * Up to here a loop over ASCII bytes beats the call into C++ that a long string needs. From 13 on V8 would keep the
 * pieces that the loop joins.
 */
const SHORT_STRING = 12

/** From here on it is worth a call or two more to read a text that is not ASCII in a third of the time. */
const LONG_TEXT = 4096

/** A map of more keys has no shape any more in V8, but a table. */
const MOST_SHAPED = 1024

/** Names are longer than other short strings, and cost nothing when they were read lately. */
const SHORT_NAME = 16

/** Up to so many a list's floats are not worth a DataView, which costs as much as three of them. */
const FEW = 3

/** ASCII names that were read lately, by length and two of their bytes: a hit saves making and interning a string. */
const RECENT_NAMES: string[] = new Array<string>(256).fill('')

/**
 * Reads MessagePack in one pass. Every length is held against the bytes that are left, every container against
 * `MAX_DEPTH`, and every value's weight and work against what the message may cost (`HEAP_RATIO`, `MOST_WORK`), before
 * anything is allocated or entered: hostile bytes cost what they weigh.
 *
 * Everything here throws LevinError `PROTOCOL`.
 */
export class Decoder {
  readonly #bytes: Buffer
  #at = 0
  /** Bytes of heap that the message may still take. */
  #heap: number
  /** Work that it may still take. */
  #work: number
  #view: DataView | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes)
    this.#heap = HEAP_FLOOR + HEAP_RATIO * bytes.length
    this.#work = Math.min(MOST_WORK, WORK_FLOOR + WORK_PER_BYTE * bytes.length)
  }

  /** How many bytes have been read. */
  get at(): number {
    return this.#at
  }

  /** The next value's first byte. */
  peek(): number {
    const marker = this.#bytes[this.#at]
    if (marker === undefined) return this.fail('the bytes end where a value should start')
    return marker
  }

  /** Refuses bytes after the last value. */
  end(): void {
    if (this.#at !== this.#bytes.length) this.fail(`${this.#bytes.length - this.#at} bytes after the value`)
  }

  fail(what: string): never {
    throw new LevinError('PROTOCOL', `MessagePack, byte ${this.#at}: ${what}`)
  }

  /** A str, or undefined (and nothing read) when something else comes. */
  string(): string | undefined {
    const marker = this.peek()
    if (marker >= 0xa0 && marker < 0xc0) {
      this.#at++
      return this.#name(marker & 0x1f)
    }
    if (marker < 0xd9 || marker > 0xdb) return undefined
    this.#at++
    return this.#string(this.#uint(1 << (marker - 0xd9)))
  }

  /** An array's number of elements, or undefined (and nothing read) when something else comes. */
  arrayHeader(): number | undefined {
    const marker = this.peek()
    if ((marker & 0xf0) !== 0x90 && marker !== 0xdc && marker !== 0xdd) return undefined
    this.#at++
    return this.#claim(marker < 0xa0 ? marker & 0x0f : this.#uint(marker === 0xdc ? 2 : 4), 1)
  }

  /** A map's number of entries, or undefined (and nothing read) when something else comes. */
  mapHeader(): number | undefined {
    const marker = this.peek()
    if (!isMapMarker(marker)) return undefined
    this.#at++
    return this.#claim(marker < 0x90 ? marker & 0x0f : this.#uint(marker === 0xde ? 2 : 4), 2)
  }

  /** The bytes from `start` up to here, as the map that they encode. */
  encodedMap(start: number): EncodedMap {
    return new EncodedMap(this.#bytes.subarray(start, this.#at))
  }

  /** @param depth how many containers are around the value */
  value(depth = 0): Value {
    const marker = this.peek()
    this.#at++
    if (marker < 0x80) return marker
    if (marker < 0x90) return this.#map(marker & 0x0f, depth)
    if (marker < 0xa0) return this.#array(marker & 0x0f, depth)
    if (marker < 0xc0) return this.#string(marker & 0x1f)
    if (marker >= 0xe0) return marker - 0x100
    switch (marker) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.#binary(this.#uint(1))
      case 0xc5:
        return this.#binary(this.#uint(2))
      case 0xc6:
        return this.#binary(this.#uint(4))
      case 0xc7:
        return this.#extension(this.#uint(1))
      case 0xc8:
        return this.#extension(this.#uint(2))
      case 0xc9:
        return this.#extension(this.#uint(4))
      case 0xca:
        this.#weigh(Weight.number, Work.number)
        return this.#bytes.readFloatBE(this.#take(4))
      case 0xcb:
        this.#weigh(Weight.number, Work.number)
        return this.#bytes.readDoubleBE(this.#take(8))
      case 0xcc:
        return this.#uint(1)
      case 0xcd:
        return this.#uint(2)
      case 0xce:
        this.#weigh(Weight.number, Work.number)
        return this.#uint(4)
      case 0xcf:
        return this.#uint64()
      case 0xd0:
        return this.#bytes.readInt8(this.#take(1))
      case 0xd1:
        return this.#bytes.readInt16BE(this.#take(2))
      case 0xd2:
        return this.#bytes.readInt32BE(this.#take(4))
      case 0xd3:
        return this.#int64()
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (marker - 0xd4))
      case 0xd9:
        return this.#string(this.#uint(1))
      case 0xda:
        return this.#string(this.#uint(2))
      case 0xdb:
        return this.#string(this.#uint(4))
      case 0xdc:
        return this.#array(this.#uint(2), depth)
      case 0xdd:
        return this.#array(this.#uint(4), depth)
      case 0xde:
        return this.#map(this.#uint(2), depth)
      case 0xdf:
        return this.#map(this.#uint(4), depth)
      default:
        return this.fail('0xc1 is no MessagePack format')
    }
  }

  #array(count: number, depth: number): Value[] {
    if (depth >= MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} containers within each other`)
    this.#claim(count, 1)
    if (count > MAX_LIST) this.fail(`a list of more than ${MAX_LIST} values`)
    this.#weigh(Weight.list + Weight.element * count, Work.list)
    if (count > FEW) {
      const numbers = this.#floats(count) ?? this.#integers(count)
      if (numbers !== undefined) return numbers
    }
    this.#spend(Work.value * count)
    const values = new Array<Value>(count)
    for (let i = 0; i < count; i++) values[i] = this.value(depth + 1)
    return values
  }

  /**
   * A list of floats, with small integers among them, as an embedding is; undefined (and nothing read) for any other.
   *
   * Such lists are made here and nowhere else: V8 learns for each place in the code what its lists hold, and keeps
   * doubles as doubles only where it has never seen anything else.
   */
  #floats(count: number): number[] | undefined {
    const bytes = this.#bytes
    let at = this.#at
    // Some writers send 0 and 1 as integers: one of the first two is a float all the same.
    if (!isFloat(bytes[at]) && !isFloat(bytes[at + 1])) return undefined
    this.#spend(Work.numberInList * count)
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const view = this.#view
    const end = bytes.length
    const values = new Array<number>(count)
    for (let i = 0; i < count; i++) {
      const marker = bytes[at]
      if (marker === 0xcb && at + 9 <= end) {
        values[i] = view.getFloat64(at + 1)
        at += 9
      } else if (marker === 0xca && at + 5 <= end) {
        values[i] = view.getFloat32(at + 1)
        at += 5
      } else if (marker !== undefined && marker < 0x80) {
        values[i] = marker
        at++
      } else return undefined
    }
    this.#at = at
    return values
  }

  /** A list of integers of up to 32 bits; undefined (and nothing read) for any other. */
  #integers(count: number): number[] | undefined {
    const bytes = this.#bytes
    if (!isInteger(bytes[this.#at]) || !isInteger(bytes[this.#at + 1])) return undefined
    this.#spend(Work.numberInList * count)
    let at = this.#at
    const end = bytes.length
    const values = new Array<number>(count)
    for (let i = 0; i < count; i++) {
      const marker = bytes[at]
      if (marker === undefined) return undefined
      if (marker < 0x80) {
        values[i] = marker
        at++
      } else if (marker >= 0xe0) {
        values[i] = marker - 0x100
        at++
      } else if (marker === 0xcc && at + 2 <= end) {
        values[i] = bytes[at + 1]!
        at += 2
      } else if (marker === 0xcd && at + 3 <= end) {
        values[i] = (bytes[at + 1]! << 8) | bytes[at + 2]!
        at += 3
      } else if (marker === 0xce && at + 5 <= end) {
        const high = bytes[at + 1]! * 0x100_0000
        values[i] = high + ((bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!)
        at += 5
      } else if (marker === 0xd0 && at + 2 <= end) {
        values[i] = (bytes[at + 1]! << 24) >> 24
        at += 2
      } else if (marker === 0xd1 && at + 3 <= end) {
        values[i] = ((bytes[at + 1]! << 24) >> 16) | bytes[at + 2]!
        at += 3
      } else if (marker === 0xd2 && at + 5 <= end) {
        values[i] = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!
        at += 5
      } else return undefined
    }
    this.#at = at
    return values
  }

  #map(count: number, depth: number): Value {
    if (depth >= MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} containers within each other`)
    this.#claim(count, 2)
    this.#weigh(count === 0 ? Weight.map : Weight.map + Weight.filledMap + Weight.entry * count, Work.map)
    this.#spend((Work.entry + Work.value) * count)
    let shape = Shape.empty()
    const object: { [key: string]: Value } = {}
    for (let i = 0; i < count; i++) {
      const key = this.string()
      if (key === undefined) return this.#mapOf(object, count - i, depth)
      if (key === '__proto__') this.fail('the key __proto__ is refused')
      // a decoded value is never undefined, so the exact test is only needed for names that Object.prototype has
      if (object[key] !== undefined && Object.hasOwn(object, key)) this.fail('a key stands twice in a map')
      if (i >= MOST_SHAPED) this.#spend(Work.laterKey)
      else if (shape.key === key && shape.next !== undefined) shape = shape.next
      else shape = this.#turn(shape, key)
      object[key] = this.value(depth + 1)
    }
    return object
  }

  /** From the shape that a map has to the one with this key too. */
  #turn(shape: Shape, key: string): Shape {
    const known = shape.known(key)
    if (known !== undefined) return known
    this.#spend(Work.newShape)
    return shape.add(key)
  }

  /** The other entries of a map that turned out to have keys which are no strings. */
  #mapOf(started: { [key: string]: Value }, count: number, depth: number): Map<Value, Value> {
    this.#weigh(Weight.mapOfOthers, Work.mapOfOthers)
    const map = new Map<Value, Value>(Object.entries(started))
    const compound = new Set<string>()
    for (let i = 0; i < count; i++) {
      const start = this.#at
      const key = this.value(depth + 1)
      if (map.has(key)) this.fail('a key stands twice in a map')
      if (typeof key === 'object' && key !== null) {
        // arrays and bins are never equal in a Map: their bytes tell
        this.#weigh(Weight.compoundKey + this.#at - start, Work.mapOfOthers)
        const written = this.#bytes.toString('latin1', start, this.#at)
        if (compound.has(written)) this.fail('a key stands twice in a map')
        compound.add(written)
      }
      if (key === '__proto__') this.fail('the key __proto__ is refused')
      map.set(key, this.value(depth + 1))
    }
    return map
  }

  /** Holds a container's claim against what is left of the bytes. */
  #claim(count: number, valuesPerEntry: 1 | 2): number {
    const values = count * valuesPerEntry
    if (values > this.#bytes.length - this.#at) {
      this.fail(`a container claims ${values} values, ${this.#bytes.length - this.#at} bytes are left`)
    }
    return count
  }

  /** Takes so many bytes of heap, and so much work, from what the message may cost. */
  #weigh(bytes: number, work: number): void {
    this.#heap -= bytes
    if (this.#heap < 0) this.fail(`its values would take more than ${HEAP_RATIO} times its bytes of memory`)
    this.#spend(work)
  }

  #spend(work: number): void {
    this.#work -= work
    if (this.#work < 0) this.fail('its values would take too long to decode')
  }

  #string(size: number): string {
    const start = this.#take(size)
    const isShort = size <= SHORT_STRING
    this.#weigh(
      Weight.string + size,
      isShort ? Work.string + size : Work.longString + size * Work.bytesOfString,
    )
    const end = this.#at
    const bytes = this.#bytes
    if (isShort) {
      let text = ''
      let at = start
      while (at < end) {
        const code = bytes[at]!
        if (code >= 0x80) break
        text += String.fromCharCode(code)
        at++
      }
      if (at === end) return text
    }
    if (size > constants.MAX_STRING_LENGTH) this.fail('a str longer than a JavaScript string can be')
    if (size > LONG_TEXT) return this.#longText(start, end)
    const text = bytes.toString('utf8', start, end)
    if (text.length !== size) this.#weigh(size, Work.notAscii + size * Work.bytesNotAscii)
    // Node replaces what is not UTF-8; a replacement character may also have been sent as one
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) this.fail('a str that is not UTF-8')
    return text
  }

  #longText(start: number, end: number): string {
    const written = this.#bytes.subarray(start, end)
    if (isAscii(written)) return written.toString('latin1')
    if (!isUtf8(written)) this.fail('a str that is not UTF-8')
    this.#weigh(written.length, written.length * Work.bytesNotAscii)
    return transcode(written, 'utf8', 'utf16le').toString('utf16le')
  }

  /** A str that is likely to come again in the next message: a map's key, a synapse's type. */
  #name(size: number): string {
    const start = this.#at
    const bytes = this.#bytes
    if (size === 0 || size > SHORT_NAME || size > bytes.length - start) return this.#string(size)
    const slot = (size * 31 + (bytes[start]! ^ (bytes[start + size - 1]! << 3))) % RECENT_NAMES.length
    const recent = RECENT_NAMES[slot]!
    if (recent.length === size && sameAscii(recent, bytes, start)) {
      this.#at += size
      return recent
    }
    const name = this.#string(size)
    // as long as its bytes means ASCII, which is what sameAscii can compare
    if (name.length === size) RECENT_NAMES[slot] = name
    return name
  }

  #binary(size: number): Buffer {
    const start = this.#take(size)
    this.#weigh(Weight.binary, Work.binary)
    return this.#bytes.subarray(start, this.#at)
  }

  #extension(size: number): Extension {
    this.#weigh(Weight.extension, Work.value)
    const type = this.#bytes.readInt8(this.#take(1))
    return new Extension(type, this.#binary(size))
  }

  #uint(width: number): number {
    const at = this.#take(width)
    const bytes = this.#bytes
    if (width === 1) return bytes[at]!
    if (width === 2) return (bytes[at]! << 8) | bytes[at + 1]!
    return bytes[at]! * 0x100_0000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
  }

  #uint64(): number | bigint {
    const at = this.#take(8)
    const value = this.#bytes.readUInt32BE(at) * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4)
    this.#weigh(Weight.bigint, Work.bigint)
    return Number.isSafeInteger(value) ? value : this.#bytes.readBigUInt64BE(at)
  }

  #int64(): number | bigint {
    const at = this.#take(8)
    const value = this.#bytes.readInt32BE(at) * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4)
    this.#weigh(Weight.bigint, Work.bigint)
    return Number.isSafeInteger(value) ? value : this.#bytes.readBigInt64BE(at)
  }

  /** Where `size` bytes start that are now read. */
  #take(size: number): number {
    const start = this.#at
    if (size > this.#bytes.length - start) {
      this.fail(`${size} bytes should follow, ${this.#bytes.length - start} are left`)
    }
    this.#at = start + size
    return start
  }
}

const isFloat = (marker: number | undefined): boolean => marker === 0xcb || marker === 0xca

/** Of up to 32 bits. */
const isInteger = (marker: number | undefined): boolean =>
  marker !== undefined &&
  (marker < 0x80 || marker >= 0xe0 || (marker >= 0xcc && marker <= 0xd2 && marker !== 0xcf))

function sameAscii(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
