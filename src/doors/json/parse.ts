/** JSON from strangers, in one pass over its bytes. */
import { type Buffer, isUtf8 } from 'node:buffer'
import { LevinError } from '../../errors.js'
import { Shape } from '../../wire/shape.js'
import {
  asBuffer,
  HEAP_FLOOR,
  HEAP_RATIO,
  has64Bits,
  MAX_DEPTH,
  MAX_LIST,
  MOST_WORK,
  type SynapseData,
  type Value,
  Weight,
  WORK_FLOOR,
  WORK_PER_BYTE,
  Work,
} from '../../wire/value.js'
import { wellFormed } from './well-formed.js'

/**
 * The one value that `json` holds, within the same bounds as a MessagePack one (`MAX_DEPTH`, `HEAP_RATIO`, `MOST_WORK`):
 *
 * | JSON                                  | here                                                                    |
 * | ------------------------------------- | ----------------------------------------------------------------------- |
 * | digits alone                          | `number` when it is a safe integer, else `bigint` up to 64 bits         |
 * | any other number                      | `number`                                                                |
 * | `NaN`, `Infinity`, `-Infinity`        | `number`: they are no JSON, but Python's `json` writes them             |
 * | text                                  | `string`; half a character (`\ud800` alone) becomes U+FFFD, as in UTF-8 |
 * | list, object, `true`, `false`, `null` | themselves                                                              |
 *
 * @throws LevinError `PROTOCOL` for anything else: bytes that are not UTF-8, a key that stands twice or is `__proto__`, an
 *   integer of more than 64 bits or a number beyond a double's, which would not be what was sent
 */
export function parseJson(json: Uint8Array): Value {
  const parser = new Parser(json)
  const value = parser.value(0)
  parser.end()
  return value
}

/** An object as it was sent: what it holds, and how that was written. */
export interface JsonObject {
  readonly data: SynapseData
  /** Its keys, in the order in which they were sent. */
  readonly names: Iterable<string>
  /** The JSON text of a property; undefined when there is none. */
  source(name: string): string | undefined
}

/**
 * As {@link parseJson}, for an object.
 * @throws LevinError `PROTOCOL` also for any other value
 */
export function parseJsonObject(json: Uint8Array): JsonObject {
  const parser = new Parser(json)
  const places = new Map<string, Place>()
  const data = parser.object(places)
  parser.end()
  return {
    data,
    names: places.keys(),
    source(name) {
      const place = places.get(name)
      return place && asBuffer(json).toString('utf8', place.start, place.end)
    },
  }
}

interface Place {
  readonly start: number
  readonly end: number
}

// What JSON is made of, in ASCII.
const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
/** Of `e` and `E`. */
const EXPONENT = 0x65
const LOWER_CASE = 0x20

/** Up to so many ASCII bytes, a loop beats the call into C++ that a longer text needs. */
const SHORT_TEXT = 12
/** So many digits are a safe integer, whatever they are. */
const SAFE_DIGITS = 15
/** And so many may be one of 64 bits. */
const MOST_DIGITS = 20
/** Of these a double is exact: a safe integer divided by one is rounded once, as it should be. */
const POWERS = Array.from({ length: SAFE_DIGITS + 1 }, (_, power) => 10 ** power)
/** A map of more keys has no shape any more in V8, but a table. */
const MOST_SHAPED = 1024

/** Work of a byte of a text with escapes, and of a number that is no integer; measured as `Work` is. */
const ESCAPED_BYTE = 1 / 4
const DIGIT = 1 / 2

class Parser {
  readonly #bytes: Buffer
  #at = 0
  /** Bytes of heap that the message may still take. */
  #heap: number
  /** Work that it may still take. */
  #work: number
  /** Values of the lists that are being read: how many there are is only known at the end of each. */
  readonly #values: Value[] = []
  #top = 0

  constructor(json: Uint8Array) {
    this.#bytes = asBuffer(json)
    this.#heap = HEAP_FLOOR + HEAP_RATIO * json.length
    this.#work = Math.min(MOST_WORK, WORK_FLOOR + WORK_PER_BYTE * json.length)
    if (!isUtf8(json)) this.#fail('not UTF-8')
    this.#skipSpace()
  }

  /** Refuses anything after the value. */
  end(): void {
    this.#skipSpace()
    if (this.#at !== this.#bytes.length) this.#fail('something comes after the value')
  }

  /** @param depth how many containers are around the value */
  value(depth: number): Value {
    this.#weigh(0, Work.value)
    const byte = this.#bytes[this.#at]
    if (byte === QUOTE) return this.#text()
    if (byte === OPEN_OBJECT) return this.#object(depth)
    if (byte === OPEN_LIST) return this.#list(depth)
    return this.#isDigit(byte === MINUS ? this.#at + 1 : this.#at) ? this.#number() : this.#word()
  }

  /** @param places is told where each value stands */
  object(places: Map<string, Place>): SynapseData {
    if (this.#bytes[this.#at] !== OPEN_OBJECT) this.#fail('an object is needed')
    return this.#object(0, places)
  }

  #object(depth: number, places?: Map<string, Place>): { [key: string]: Value } {
    this.#enter(depth)
    this.#weigh(Weight.map, Work.map)
    const object: { [key: string]: Value } = {}
    if (this.#isNext(CLOSE_OBJECT)) return object
    this.#weigh(Weight.filledMap, 0)
    let shape = Shape.empty()
    for (let count = 0; ; count++) {
      this.#weigh(Weight.entry, Work.entry)
      const key = this.#key(shape.key)
      if (key === '__proto__') this.#fail('the key __proto__ is refused')
      // a value is never undefined, so the exact test is only needed for names that Object.prototype has
      if (object[key] !== undefined && Object.hasOwn(object, key))
        this.#fail('a key stands twice in an object')
      if (count >= MOST_SHAPED) this.#weigh(0, Work.laterKey)
      else if (shape.key === key && shape.next !== undefined) shape = shape.next
      else shape = this.#turn(shape, key)
      this.#skipSpace()
      if (!this.#isNext(COLON)) this.#fail('a colon is needed')
      const start = this.#at
      object[key] = this.value(depth + 1)
      places?.set(key, { start, end: this.#at })
      this.#skipSpace()
      if (this.#isNext(CLOSE_OBJECT)) return object
      if (!this.#isNext(COMMA)) this.#fail('a comma or } is needed')
    }
  }

  /** @param expected the key that came here before: nearly always it is the one that comes again, and need not be made */
  #key(expected: string | undefined): string {
    if (this.#bytes[this.#at] !== QUOTE) this.#fail('a key is needed')
    if (expected === undefined) return this.#text()
    const end = this.#at + 1 + expected.length
    if (this.#bytes[end] !== QUOTE || !this.#comes(expected, this.#at + 1)) return this.#text()
    this.#at = end + 1
    return expected
  }

  /** From the shape that an object has to the one with this key too. */
  #turn(shape: Shape, key: string): Shape {
    const known = shape.known(key)
    if (known !== undefined) return known
    this.#weigh(0, Work.newShape)
    return shape.add(key)
  }

  #list(depth: number): Value[] {
    this.#enter(depth)
    this.#weigh(Weight.list, Work.list)
    if (this.#isNext(CLOSE_LIST)) return []
    const start = this.#top
    for (;;) {
      if (this.#top - start === MAX_LIST) this.#fail(`a list of more than ${MAX_LIST} values`)
      this.#weigh(Weight.element, 0)
      const value = this.value(depth + 1)
      this.#values[this.#top++] = value
      this.#skipSpace()
      if (this.#isNext(CLOSE_LIST)) break
      if (!this.#isNext(COMMA)) this.#fail('a comma or ] is needed')
    }
    const list = this.#values.slice(start, this.#top)
    this.#top = start
    return list
  }

  /** Past the byte that opens a container. */
  #enter(depth: number): void {
    if (depth >= MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} containers within each other`)
    this.#at++
    this.#skipSpace()
  }

  /** Whether this byte comes, which is then read, with the space behind it. */
  #isNext(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false
    this.#at++
    if (byte === COMMA || byte === COLON) this.#skipSpace()
    return true
  }

  #text(): string {
    const bytes = this.#bytes
    const start = this.#at + 1
    let at = start
    let seen = 0
    for (; ; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) break
      if (byte === undefined || byte < SPACE) this.#fail('a text that does not end')
      if (byte === BACKSLASH) return this.#escaped(start)
      seen |= byte
    }
    this.#at = at + 1
    const size = at - start
    const isAscii = seen < 0x80
    if (isAscii && size <= SHORT_TEXT) {
      this.#weigh(Weight.string + size, Work.string + size)
      let text = ''
      for (let i = start; i < at; i++) text += String.fromCharCode(bytes[i]!)
      return text
    }
    this.#weigh(Weight.string + size, Work.longString + size * Work.bytesOfString)
    if (isAscii) return bytes.toString('latin1', start, at)
    this.#weigh(size, Work.notAscii + size * Work.bytesNotAscii)
    return bytes.toString('utf8', start, at)
  }

  /** A text with a backslash in it, of which V8 knows all the forms. */
  #escaped(start: number): string {
    const bytes = this.#bytes
    let end = start
    for (; bytes[end] !== QUOTE; end++) {
      if (bytes[end] === BACKSLASH) end++
      if (end >= bytes.length) this.#fail('a text that does not end')
    }
    const size = end - start
    this.#weigh(Weight.string + 2 * size, Work.longString + Work.notAscii + size * ESCAPED_BYTE)
    let text: string
    try {
      text = JSON.parse(bytes.toString('utf8', start - 1, end + 1))
    } catch {
      this.#fail('a text with an escape that there is not')
    }
    this.#at = end + 1
    return wellFormed(text)
  }

  #number(): number | bigint {
    const bytes = this.#bytes
    const start = this.#at
    const sign = bytes[start] === MINUS ? -1 : 1
    const first = sign === 1 ? start : start + 1
    let at = first
    let integer = 0
    for (; this.#isDigit(at); at++) integer = integer * 10 + (bytes[at]! - ZERO)
    this.#at = at
    const digits = at - first
    if (digits > 1 && bytes[first] === ZERO) this.#fail('a number that starts with 0')
    if (bytes[at] === DOT) {
      for (at++; this.#isDigit(at); at++) integer = integer * 10 + (bytes[at]! - ZERO)
      const fraction = at - this.#at - 1
      if (fraction === 0 || isExponent(bytes[at]) || digits + fraction > SAFE_DIGITS)
        return this.#float(start)
      this.#weigh(Weight.number, Work.number)
      this.#at = at
      return (sign * integer) / POWERS[fraction]!
    }
    if (isExponent(bytes[at])) return this.#float(start)
    return digits <= SAFE_DIGITS ? sign * integer : this.#longInteger(start, digits)
  }

  #longInteger(start: number, digits: number): number | bigint {
    this.#weigh(Weight.bigint, Work.longString + Work.bigint)
    if (digits <= MOST_DIGITS) {
      const value = BigInt(this.#bytes.toString('latin1', start, this.#at))
      if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value)
      if (has64Bits(value)) return value
    }
    this.#fail(
      'an integer of more than 64 bits: send it as text, or with an exponent where it may be rounded',
    )
  }

  /** Of any other form, from the dot or the exponent on. */
  #float(start: number): number {
    const bytes = this.#bytes
    if (bytes[this.#at] === DOT) {
      this.#at++
      this.#digits()
    }
    if (isExponent(bytes[this.#at])) {
      this.#at++
      if (bytes[this.#at] === PLUS || bytes[this.#at] === MINUS) this.#at++
      this.#digits()
    }
    const size = this.#at - start
    this.#weigh(Weight.number, Work.longString + Work.number + size * DIGIT)
    const value = Number(bytes.toString('latin1', start, this.#at))
    if (!Number.isFinite(value)) this.#fail('a number beyond the range of a double')
    return value
  }

  /** One at least. */
  #digits(): void {
    const start = this.#at
    while (this.#isDigit(this.#at)) this.#at++
    if (this.#at === start) this.#fail('a digit is needed')
  }

  #word(): Value {
    const [word, value] = wordOf(this.#bytes[this.#at], this.#bytes[this.#at + 1])
    if (word === '' || !this.#comes(word, this.#at)) {
      this.#fail(this.#at === this.#bytes.length ? 'the bytes end where a value should start' : 'no value')
    }
    this.#at += word.length
    return value
  }

  #comes(text: string, start: number): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  #isDigit(at: number): boolean {
    const byte = this.#bytes[at]!
    return byte >= ZERO && byte <= NINE
  }

  #skipSpace(): void {
    const bytes = this.#bytes
    for (;;) {
      const byte = bytes[this.#at]
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at++
    }
  }

  /** Takes so many bytes of heap, and so much work, from what the message may cost. */
  #weigh(bytes: number, work: number): void {
    this.#heap -= bytes
    this.#work -= work
    if (this.#heap < 0) this.#fail(`its values would take more than ${HEAP_RATIO} times its bytes of memory`)
    if (this.#work < 0) this.#fail('its values would take too long to read')
  }

  #fail(what: string): never {
    throw new LevinError('PROTOCOL', `JSON, byte ${this.#at}: ${what}`)
  }
}

const isExponent = (byte: number | undefined): boolean =>
  byte !== undefined && (byte | LOWER_CASE) === EXPONENT

/** The word that starts so, which is empty when there is none. */
function wordOf(first: number | undefined, second: number | undefined): readonly [string, Value] {
  switch (first) {
    case 0x74:
      return ['true', true]
    case 0x66:
      return ['false', false]
    case 0x6e:
      return ['null', null]
    case 0x4e:
      return ['NaN', Number.NaN]
    case 0x49:
      return ['Infinity', Number.POSITIVE_INFINITY]
    case MINUS:
      return second === 0x49 ? ['-Infinity', Number.NEGATIVE_INFINITY] : ['', null]
    default:
      return ['', null]
  }
}
