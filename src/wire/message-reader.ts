import { Decoder } from './msgpack-decoder.js'
import { type EncodedMap, isMapMarker, type SynapseData } from './value.js'

/**
 * One message's payload, field by field, whether it came as the array of its fields or as a map keyed by their names:
 *
 * ```ts
 * const reader = new MessageReader(payload, 'StreamEnd', ['success', 'error'], 2, 1)
 * for (let field = reader.next(); field >= 0; field = reader.next()) ...   // the index of the field that comes
 * ```
 *
 * The reference's rules hold: in a map unknown keys are skipped and optional fields may be missing, an array may only
 * lack trailing fields that have a default. Every fault is a LevinError `PROTOCOL`.
 */
export class MessageReader {
  readonly #decoder: Decoder
  readonly #message: string
  readonly #fields: readonly string[]
  /** How many fields a map must have: the optional ones come last. */
  readonly #required: number
  readonly #isMap: boolean
  #left: number
  #index = -1
  /** A bit for each field that was read. */
  #seen = 0

  /**
   * @param inArray how many fields the array form must have at least
   * @param inMap how many of the first fields the map form must have
   */
  constructor(
    payload: Uint8Array,
    message: string,
    fields: readonly string[],
    inArray: number,
    inMap: number,
  ) {
    this.#decoder = new Decoder(payload)
    this.#message = message
    this.#fields = fields
    this.#required = inMap
    const elements = this.#decoder.arrayHeader()
    this.#isMap = elements === undefined
    this.#left = elements ?? this.#decoder.mapHeader() ?? this.#fail('neither an array nor a map')
    if (elements !== undefined && (elements < inArray || elements > fields.length)) {
      this.#fail(`an array of ${elements} fields instead of ${fields.length}`)
    }
  }

  /** The index of the field whose value comes next, or -1 after the last, when all that must be there was. */
  next(): number {
    if (!this.#isMap) {
      if (this.#left-- > 0) return ++this.#index
    } else {
      while (this.#left-- > 0) {
        const name = this.#decoder.string()
        if (name === undefined) this.#decoder.value(1)
        this.#index = name === undefined ? -1 : this.#fields.indexOf(name)
        if (this.#index >= 0) return this.#mark(this.#index)
        this.#decoder.value(1)
      }
      for (let i = 0; i < this.#required; i++) {
        if ((this.#seen & (1 << i)) === 0) this.#fail(`${this.#fields[i]} is missing`)
      }
    }
    this.#decoder.end()
    return -1
  }

  string(): string {
    return this.#decoder.string() ?? this.#wrong('a str')
  }

  optionalString(): string | null {
    const text = this.#decoder.string()
    if (text !== undefined) return text
    return this.#decoder.value(1) === null ? null : this.#wrong('a str or nil')
  }

  boolean(): boolean {
    const value = this.#decoder.value(1)
    return typeof value === 'boolean' ? value : this.#wrong('a bool')
  }

  /** UNIX seconds. Beyond 2^53 it is only known to be absurdly far in the future, and stays that. */
  timestamp(): number {
    const value = this.#decoder.value(1)
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    if (typeof value === 'bigint' && value > 0n) return Number.MAX_SAFE_INTEGER
    return this.#wrong('an unsigned integer')
  }

  binary(): Uint8Array {
    const value = this.#decoder.value(1)
    return value instanceof Uint8Array ? value : this.#wrong('a bin')
  }

  /** A map with string keys, decoded, and as the bytes that it came in. */
  data(): { data: SynapseData; encodedData: EncodedMap } {
    if (!isMapMarker(this.#decoder.peek())) this.#wrong('a map')
    const start = this.#decoder.at
    const data = this.#decoder.value()
    if (data instanceof Map) this.#wrong('a map with string keys')
    return { data: data as SynapseData, encodedData: this.#decoder.encodedMap(start) }
  }

  #mark(field: number): number {
    const bit = 1 << field
    if ((this.#seen & bit) !== 0) this.#fail(`${this.#fields[field]} stands twice`)
    this.#seen |= bit
    return field
  }

  #wrong(expected: string): never {
    return this.#fail(`${this.#fields[this.#index]} must be ${expected}`)
  }

  #fail(what: string): never {
    return this.#decoder.fail(`${this.#message}: ${what}`)
  }
}
