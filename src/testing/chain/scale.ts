/** SCALE, as far as a node's answers and one transaction need it: little-endian integers, compact integers, lists. */
import { Buffer } from 'node:buffer'

/** Puts values behind each other; each call returns the writer itself. */
export class ScaleWriter {
  #bytes = Buffer.allocUnsafe(256)
  #length = 0

  /** What was written, a copy. */
  done(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /**
   * @param size in bytes
   * @throws RangeError for what is no integer, is negative or does not fit
   */
  uint(value: number | bigint, size: number): this {
    demandFits(value, size)
    this.#room(size + 7) // eight are written at once, of which the last ones may be too many
    if (typeof value === 'number' && size <= 6) {
      this.#length = this.#bytes.writeUIntLE(value, this.#length, size)
      return this
    }
    let rest = BigInt(value)
    for (let left = size; left > 0; left -= 8, rest >>= 64n) {
      this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, rest), this.#length)
      this.#length += Math.min(left, 8)
    }
    return this
  }

  bool(value: boolean): this {
    return this.uint(value ? 1 : 0, 1)
  }

  /**
   * One, two or four bytes with the length in the two lowest bits, above 2^30 a length and as many bytes as it takes.
   * @param size of the integer that it stands for, in bytes: 2 for a u16
   * @throws RangeError for what is no integer, is negative or does not fit
   */
  compact(value: number | bigint, size = 8): this {
    demandFits(value, size)
    if (value < 2 ** 6) return this.uint(Number(value) * 4, 1)
    if (value < 2 ** 14) return this.uint(Number(value) * 4 + 1, 2)
    if (value < 2 ** 30) return this.uint(Number(value) * 4 + 2, 4)
    const bytes = Math.ceil(BigInt(value).toString(16).length / 2)
    return this.uint((bytes - 4) * 4 + 3, 1).uint(BigInt(value), bytes)
  }

  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.compact(items.length)
    for (const item of items) write(item)
    return this
  }

  /** A length and as many bytes: `Vec<u8>`. */
  bytes(bytes: Uint8Array): this {
    return this.compact(bytes.length).raw(bytes)
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const more = Buffer.allocUnsafe((this.#length + size) * 2)
    more.set(this.#bytes)
    this.#bytes = more
  }
}

function demandFits(value: number | bigint, size: number): void {
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (whole && value >= 0 && value < 2 ** (size * 8)) return
  throw new RangeError(`${value} is no integer of ${size} bytes`)
}

/** Takes values off the front. @throws RangeError where the bytes end too early */
export class ScaleReader {
  #at = 0

  constructor(readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.#at
  }

  raw(size: number): Uint8Array {
    if (size > this.left) throw new RangeError(`${size} bytes are wanted, ${this.left} are left`)
    this.#at += size
    return this.bytes.subarray(this.#at - size, this.#at)
  }

  big(size: number): bigint {
    return this.raw(size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  }

  uint(size: number): number {
    return Number(this.big(size))
  }

  compact(): number {
    const first = this.raw(1)[0]!
    this.#at -= 1
    const mode = first & 3
    if (mode < 3) return this.uint(1 << mode) >>> 2
    this.#at += 1
    return this.uint((first >> 2) + 4)
  }
}
