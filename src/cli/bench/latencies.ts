/** Pure. Latencies in buckets that grow by a tenth: any number of them takes the same memory. */

const PER_OCTAVE = 8
/** From 1 us on; 32 octaves reach over an hour. */
const OCTAVES = 32
const FIRST_MS = 0.001

/** The upper bound of a bucket. */
const boundOf = (bucket: number): number => FIRST_MS * 2 ** ((bucket + 1) / PER_OCTAVE)

export class Latencies {
  readonly #counts = new Array<number>(PER_OCTAVE * OCTAVES).fill(0)
  #count = 0
  #maxMs = 0

  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms, FIRST_MS) / FIRST_MS) * PER_OCTAVE)
    this.#counts[Math.min(bucket, this.#counts.length - 1)]!++
    this.#count++
    this.#maxMs = Math.max(this.#maxMs, ms)
  }

  get count(): number {
    return this.#count
  }

  get maxMs(): number {
    return this.#maxMs
  }

  /** At most a tenth too high. @param part from 0 to 1 */
  quantileMs(part: number): number {
    let left = Math.ceil(part * this.#count)
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.min(boundOf(bucket), this.#maxMs)
    }
    return this.#maxMs
  }

  /** How many there are of each doubling, from the fastest to the slowest. */
  octaves(): { readonly upToMs: number; readonly count: number }[] {
    const all = Array.from({ length: OCTAVES }, (_, octave) => ({
      upToMs: FIRST_MS * 2 ** (octave + 1),
      count: this.#counts.slice(octave * PER_OCTAVE, (octave + 1) * PER_OCTAVE).reduce((a, b) => a + b, 0),
    }))
    const first = all.findIndex(({ count }) => count > 0)
    return first === -1 ? [] : all.slice(first, all.findLastIndex(({ count }) => count > 0) + 1)
  }
}
