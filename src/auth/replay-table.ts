/**
 * How many nonces of one hotkey are remembered one by one: what comes out of order by so many requests is still taken. When
 * there are more, the lower half is forgotten, and nothing as low as those is taken any more.
 */
const MOST_PER_HOTKEY = 4096
/** And of all hotkeys: some 8 MB. Beyond, a hotkey forgets its own: it never pushes out another's. */
const MOST_NONCES = 100_000
/** Hotkeys that are remembered. Beyond, new ones are refused: forgetting a live one would allow a replay. */
const MOST_HOTKEYS = 10_000

/**
 * Which requests by HTTP came before. Their nonces are the time in nanoseconds, so that the oldest need no place each: what
 * is not above the highest that was forgotten counts as used.
 *
 * Hotkeys are in two buckets, each one window long: one enters the current bucket whenever it asks, and is forgotten with the
 * previous one, when all its nonces are too old to be taken anyway.
 */
export class ReplayTable {
  readonly #windowMs: number
  #startedMs = Number.NEGATIVE_INFINITY
  #current = new Map<string, Nonces>()
  #previous = new Map<string, Nonces>()
  #count = 0

  /** @param windowSeconds how long a signed request can be taken: its greatest age, and how far ahead it may be dated */
  constructor(windowSeconds: number) {
    this.#windowMs = windowSeconds * 1000
  }

  /** Nonces in memory. */
  get size(): number {
    return this.#count
  }

  /**
   * Takes a nonce whose signature proved good.
   * @param hotkey SS58: a key has one such text
   * @param nowMs UNIX milliseconds
   * @returns `used` for a replay, `full` when there are too many hotkeys
   */
  record(hotkey: string, nonce: bigint, nowMs: number): 'recorded' | 'used' | 'full' {
    this.#turn(nowMs)
    let nonces = this.#current.get(hotkey)
    if (nonces === undefined) {
      nonces = this.#previous.get(hotkey)
      if (nonces === undefined && this.#current.size + this.#previous.size >= MOST_HOTKEYS) return 'full'
      nonces ??= new Nonces()
      this.#previous.delete(hotkey)
      this.#current.set(hotkey, nonces)
    }
    const before = nonces.size
    const isNew = nonces.add(nonce)
    if (nonces.size > MOST_PER_HOTKEY || this.#count - before + nonces.size > MOST_NONCES) nonces.halve()
    this.#count += nonces.size - before
    return isNew ? 'recorded' : 'used'
  }

  #turn(nowMs: number): void {
    const age = nowMs - this.#startedMs
    if (age >= 0 && age < this.#windowMs) return
    // a clock that was set back keeps everything for another window rather than forgetting something live
    if (age >= this.#windowMs) this.#forget()
    if (age >= 2 * this.#windowMs) this.#forget()
    this.#startedMs = nowMs
  }

  #forget(): void {
    for (const { size } of this.#previous.values()) this.#count -= size
    this.#previous = this.#current
    this.#current = new Map()
  }
}

/** Of one hotkey. */
class Nonces {
  /** Nothing up to it is taken. */
  #floor = -1n
  readonly #above = new Set<bigint>()

  get size(): number {
    return this.#above.size
  }

  /** @returns whether it was not there before */
  add(nonce: bigint): boolean {
    if (nonce <= this.#floor || this.#above.has(nonce)) return false
    this.#above.add(nonce)
    return true
  }

  halve(): void {
    const sorted = [...this.#above].sort((a, b) => (a < b ? -1 : 1))
    for (const nonce of sorted.slice(0, Math.ceil(sorted.length / 2))) {
      this.#above.delete(nonce)
      this.#floor = nonce
    }
  }
}
