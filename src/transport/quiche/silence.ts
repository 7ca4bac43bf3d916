/** Pure. Whether the peer has gone quiet. `engine/src/silence.rs` is the same for the other engine, and has the reasons. */

const ANSWERING_MS = 100
const SILENCE_MS = 500
const OWN_DELAY_MS = 50

export class Silence {
  #askedAt: number | undefined
  isSilent = false

  heard(): void {
    this.#askedAt = undefined
    this.isSilent = false
  }

  sent(now: number, heardAt: number): void {
    if (this.#askedAt === undefined && now - heardAt >= ANSWERING_MS) this.#askedAt = now
  }

  /**
   * When it is to be looked at.
   * @param roundTripsMs two of them
   */
  deadline(roundTripsMs: number): number {
    if (this.#askedAt === undefined || this.isSilent) return Number.POSITIVE_INFINITY
    return this.#askedAt + SILENCE_MS + roundTripsMs
  }

  /** @returns whether it is silent from now on */
  expire(now: number, roundTripsMs: number): boolean {
    const due = this.deadline(roundTripsMs)
    if (now < due) return false
    if (now >= due + OWN_DELAY_MS) this.#askedAt = now
    else this.isSilent = true
    return this.isSilent
  }
}
