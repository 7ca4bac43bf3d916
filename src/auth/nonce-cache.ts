import { Buffer } from 'node:buffer'

/** A request's clock window, in seconds: refused from this age on, and when dated further ahead than that. */
export const MAX_SIGNATURE_AGE_SECONDS = 300
export const MAX_FUTURE_SECONDS = 60

/** How many live nonces are kept. Beyond, new ones are refused: forgetting a live one would allow its replay. */
const MAX_NONCES = 100_000
const MAX_NONCES_PER_HOTKEY = 1_000

/**
 * Which nonces were used, for as long as a signature over them is within the clock window.
 *
 * Two buckets, each one window long: a nonce enters the current one, and is forgotten with the previous one when the
 * buckets turn, after one window at least and two at most. So expiry costs nothing per nonce.
 */
export class NonceCache {
  readonly #windowMs: number
  #startedMs = Number.NEGATIVE_INFINITY
  #current = new Bucket()
  #previous = new Bucket()

  /**
   * @param windowSeconds how long a signed request can be accepted: its greatest age *and* how far in the future it
   *   may be dated, or else a request from the future could be replayed at the end of its life
   */
  constructor(windowSeconds = MAX_SIGNATURE_AGE_SECONDS + MAX_FUTURE_SECONDS) {
    this.#windowMs = windowSeconds * 1000
  }

  /** Nonces in memory. */
  get size(): number {
    return this.#current.size + this.#previous.size
  }

  /**
   * Takes a nonce whose signature proved valid.
   * @param publicKey 32 bytes
   * @param now UNIX milliseconds
   * @returns `used` for a replay, `full` when 1,000 of this key or 100,000 in all are live
   */
  record(publicKey: Uint8Array, nonce: string, now: number): 'recorded' | 'used' | 'full' {
    this.#turn(now)
    const key = Buffer.from(publicKey).toString('latin1')
    const current = this.#current.nonces.get(key)
    const previous = this.#previous.nonces.get(key)
    if (current?.has(nonce) || previous?.has(nonce)) return 'used'
    if (this.size >= MAX_NONCES) return 'full'
    if ((current?.size ?? 0) + (previous?.size ?? 0) >= MAX_NONCES_PER_HOTKEY) return 'full'
    if (current) current.add(nonce)
    else this.#current.nonces.set(key, new Set([nonce]))
    this.#current.size++
    return 'recorded'
  }

  #turn(now: number): void {
    const age = now - this.#startedMs
    if (age >= 0 && age < this.#windowMs) return
    // a clock that was set back keeps everything for another window rather than forgetting something live
    if (age >= this.#windowMs) {
      this.#previous = age < 2 * this.#windowMs ? this.#current : new Bucket()
      this.#current = new Bucket()
    }
    this.#startedMs = now
  }
}

class Bucket {
  readonly nonces = new Map<string, Set<string>>()
  size = 0
}
