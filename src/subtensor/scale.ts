/** Pure. Reads SCALE, the encoding of everything that a Substrate chain answers: little-endian, without names or types. */
import { LevinError } from '../errors.js'

const ACCOUNT_BYTES = 32
/** The two low bits of a compact integer's first byte say how many bytes it has. */
const BIG = 0b11
/** Uids and netuids are u16, and no list has more than one item for each. */
const MOST_ITEMS = 65_536

/** @throws LevinError PROTOCOL, from each method, for what breaks off or is not as SCALE has it */
export class ScaleReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8))
  }

  u128(): bigint {
    const low = this.u64()
    return low | (this.u64() << 64n)
  }

  /** What nobody wants, of a fixed length. */
  skip(bytes: number): void {
    this.#take(bytes)
  }

  bool(): boolean {
    const byte = this.u8()
    if (byte > 1) throw this.#wrong(`${byte} is no bool`)
    return byte === 1
  }

  /** 32 bytes, a view of those that are read. */
  account(): Buffer {
    const at = this.#take(ACCOUNT_BYTES)
    return this.#bytes.subarray(at, at + ACCOUNT_BYTES)
  }

  compactU16(): number {
    const value = this.#compact()
    if (value > 0xffff) throw this.#wrong(`${value} is no u16`)
    return Number(value)
  }

  compactU64(): bigint {
    return BigInt(this.#compact())
  }

  /** A number, or a bigint when it has more than 30 bits. Each value has one encoding, the shortest. */
  #compact(): number | bigint {
    const first = this.u8()
    switch (first & BIG) {
      case 0:
        return first >> 2
      case 1:
        return this.#least(2 ** 6, (first >> 2) + this.u8() * 2 ** 6)
      case 2:
        this.#at--
        return this.#least(2 ** 14, this.u32() >>> 2)
      default:
        return this.#bigCompact((first >> 2) + 4)
    }
  }

  #bigCompact(length: number): bigint {
    if (length > 8) throw this.#wrong(`an integer of ${length} bytes is no u64`)
    const at = this.#take(length)
    const low = this.#bytes.readUInt32LE(at)
    if (length === 4) return BigInt(this.#least(2 ** 30, low))
    this.#least(1, this.#bytes[at + length - 1]!)
    return BigInt(low) | (BigInt(this.#bytes.readUIntLE(at + 4, length - 4)) << 32n)
  }

  /** What is smaller has a shorter form. */
  #least(least: number, value: number): number {
    if (value < least) throw this.#wrong('an integer is not in its shortest form')
    return value
  }

  /**
   * A list.
   * @param leastBytes what one item has at least: a count that the bytes cannot hold is refused before there is any item
   */
  list<T>(leastBytes: number, item: () => T): T[] {
    const items: T[] = []
    this.skipList(leastBytes, () => items.push(item()))
    return items
  }

  /** As `list`, for what nobody wants: nothing of it is kept. */
  skipList(leastBytes: number, item: () => unknown): void {
    const count = this.#compact()
    const left = this.#bytes.length - this.#at
    if (count > MOST_ITEMS || count > left / leastBytes) {
      throw this.#wrong(`${count} items do not fit into ${left} bytes, or are more than ${MOST_ITEMS}`)
    }
    for (let i = 0; i < count; i++) item()
  }

  /** To be called last: whoever reads another layout than was written usually has bytes left. */
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw this.#wrong(`${left} bytes are left over`)
  }

  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw this.#wrong('it breaks off')
    this.#at = at + count
    return at
  }

  #wrong(what: string): LevinError {
    return new LevinError('PROTOCOL', `at byte ${this.#at} of ${this.#bytes.length}: ${what}`)
  }
}
