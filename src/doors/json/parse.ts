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
/** A map of more keys has no shape any more in V8, but a table. */
const MOST_SHAPED = 1024

/** Work of a byte of a text with escapes, and of a number that is no integer; measured as `Work` is. */
const ESCAPED_BYTE = 1 / 4
const DIGIT = 1 / 2

const WORDS: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]

class Parser {
  readonly #bytes: Buffer
  #at = 0
  /** Bytes of heap that the message may still take. */
  #heap: number
  /** Work that it may still take. */
  #work: number

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
    this.#spend(Work.value)
    const byte = this.#bytes[this.#at]
    if (byte === QUOTE) return this.#text()
    if (byte === OPEN_OBJECT) return this.#object(depth)
    if (byte === OPEN_LIST) return this.#list(depth)
    const next = byte === MINUS ? this.#bytes[this.#at + 1] : byte
    return isDigit(next) ? this.#number() : this.#word()
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
      if (this.#bytes[this.#at] !== QUOTE) this.#fail('a key is needed')
      const key = this.#text()
      if (key === '__proto__') this.#fail('the key __proto__ is refused')
      // a value is never undefined, so the exact test is only needed for names that Object.prototype has
      if (object[key] !== undefined && Object.hasOwn(object, key))
        this.#fail('a key stands twice in an object')
      if (count >= MOST_SHAPED) this.#spend(Work.laterKey)
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

  /** From the shape that an object has to the one with this key too. */
  #turn(shape: Shape, key: string): Shape {
    const known = shape.known(key)
    if (known !== undefined) return known
    this.#spend(Work.newShape)
    return shape.add(key)
  }

  #list(depth: number): Value[] {
    this.#enter(depth)
    this.#weigh(Weight.list, Work.list)
    const values: Value[] = []
    if (this.#isNext(CLOSE_LIST)) return values
    for (;;) {
      if (values.length === MAX_LIST) this.#fail(`a list of more than ${MAX_LIST} values`)
      this.#weigh(Weight.element, 0)
      values.push(this.value(depth + 1))
      this.#skipSpace()
      if (this.#isNext(CLOSE_LIST)) return values
      if (!this.#isNext(COMMA)) this.#fail('a comma or ] is needed')
    }
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
    const start = ++this.#at
    let at = start
    let short = ''
    let isAscii = true
    for (; ; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) break
      if (byte === undefined || byte < SPACE) this.#fail('a text that does not end')
      if (byte === BACKSLASH) return this.#escaped(start)
      if (byte >= 0x80) isAscii = false
      else if (at - start < SHORT_TEXT) short += String.fromCharCode(byte)
    }
    this.#at = at + 1
    const size = at - start
    this.#weigh(Weight.string + size, Work.string + size * Work.bytesOfString)
    if (isAscii && size <= SHORT_TEXT) return short
    this.#spend(Work.longString)
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
    let at = bytes[start] === MINUS ? start + 1 : start
    const first = at
    let integer = 0
    for (; isDigit(bytes[at]); at++) integer = integer * 10 + (bytes[at]! - ZERO)
    const digits = at - first
    if (digits > 1 && bytes[first] === ZERO) this.#fail('a number that starts with 0')
    this.#at = at
    const next = bytes[at]
    if (next === DOT || isExponent(next)) return this.#float(start)
    // there is a zero with a sign
    if (digits <= SAFE_DIGITS) return first === start ? integer : -integer
    return this.#longInteger(start, digits)
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

  /** From the dot or the exponent on. */
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
    while (isDigit(this.#bytes[this.#at])) this.#at++
    if (this.#at === start) this.#fail('a digit is needed')
  }

  #word(): Value {
    for (const [word, value] of WORDS) {
      if (this.#bytes[this.#at] !== word.charCodeAt(0)) continue
      if (this.#bytes.toString('latin1', this.#at, this.#at + word.length) !== word) continue
      this.#at += word.length
      return value
    }
    this.#fail(this.#at === this.#bytes.length ? 'the bytes end where a value should start' : 'no value')
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
    if (this.#heap < 0) this.#fail(`its values would take more than ${HEAP_RATIO} times its bytes of memory`)
    this.#spend(work)
  }

  #spend(work: number): void {
    this.#work -= work
    if (this.#work < 0) this.#fail('its values would take too long to read')
  }

  #fail(what: string): never {
    throw new LevinError('PROTOCOL', `JSON, byte ${this.#at}: ${what}`)
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE

const isExponent = (byte: number | undefined): boolean =>
  byte !== undefined && (byte | LOWER_CASE) === EXPONENT
