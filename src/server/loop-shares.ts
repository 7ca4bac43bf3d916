/**
 * Who may take how much of the event loop. It is told of every request, and decides; `fair-loop.ts` does what it says.
 * Pure: whoever calls says what time it is.
 *
 * Two rules, and neither refuses anything:
 *
 * 1. While others are connected, a validator has `SLICE_MS` in a turn of the loop. What it asks beyond waits for the next
 *    turn, after what came from others meanwhile. When nothing came, that costs a look at the sockets.
 * 2. A request that takes longer than that keeps everybody waiting, and no order can mend it. So while others ask, too,
 *    its sender pauses after it (see `pauseMs`).
 */

/** What a validator has of a turn: some thirty requests of 1 KB, and less than anybody notices on a network. */
export const SLICE_MS = 1
/** Who asked within this time may be about to ask again: a round trip of a near peer. */
export const RIVAL_MS = 20
/** The longest pause: nobody is locked out. */
export const MOST_PAUSE_MS = 1000
/** Use is looked at over one to two of these: long enough to remember the others after a request of a second. */
const WINDOW_MS = 1000
/** Others are left twice the time that they took lately, so that what was held up by us finds room to grow. */
const HEADROOM = 2
/**
 * A request that takes longer than those of the others makes so many more of them late. Pausing so much longer, it
 * delays fewer than one in a hundred of theirs.
 */
const WEIGHT_PER_MS = 2
const MOST_WEIGHT = 16

/** Time and requests within the last one to two windows. */
class Usage {
  #window = 0
  #ms = 0
  #requests = 0
  #earlierMs = 0
  #earlierRequests = 0

  /** @returns whether it is the first in this window */
  add(nowMs: number, ms: number): boolean {
    this.#roll(nowMs)
    this.#ms += ms
    return this.#requests++ === 0
  }

  ms(nowMs: number): number {
    this.#roll(nowMs)
    return this.#ms + this.#earlierMs
  }

  requests(nowMs: number): number {
    this.#roll(nowMs)
    return this.#requests + this.#earlierRequests
  }

  /** Of the window that had more. */
  mostRequests(nowMs: number): number {
    this.#roll(nowMs)
    return Math.max(this.#requests, this.#earlierRequests)
  }

  #roll(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS)
    if (window === this.#window) return
    const isNext = window === this.#window + 1
    this.#earlierMs = isNext ? this.#ms : 0
    this.#earlierRequests = isNext ? this.#requests : 0
    this.#ms = this.#requests = 0
    this.#window = window
  }
}

/** What one validator took, and what it may take. */
export class LoopShare {
  /** Milliseconds of the loop and requests, since the start. */
  ms = 0
  requests = 0
  /** Requests that waited for others. */
  deferred = 0
  /** @internal of the turn */
  sliceMs = 0
  /** @internal when its pause is over */
  freeAtMs = 0
  /** @internal */
  readonly lately = new Usage()
}

/** What others did in the last `spanMs` milliseconds. */
export interface Others {
  readonly spanMs: number
  readonly ms: number
  readonly requests: number
  /** Validators that asked, this one included. */
  readonly validators: number
}

/**
 * How long the sender of a request that took `ms` leaves the loop to others: as long as the request is its share of both
 * together, times a weight. Its share is what they leave, if they want twice what they took, and an equal part at
 * least; the weight is how much longer it took than their requests.
 */
export function pauseMs(ms: number, others: Others): number {
  const left = 1 - (HEADROOM * others.ms) / others.spanMs
  const share = Math.max(1 / Math.max(2, others.validators), left)
  const theirs = Math.max(SLICE_MS, others.requests === 0 ? 0 : others.ms / others.requests)
  const weight = Math.min(MOST_WEIGHT, Math.max(1, (WEIGHT_PER_MS * ms) / theirs))
  return Math.min(MOST_PAUSE_MS, ms * (1 / share - 1) * weight)
}

export class LoopShares {
  readonly #all = new Usage()
  readonly #validators = new Usage()
  #last: LoopShare | undefined
  #lastAtMs = Number.NEGATIVE_INFINITY
  /** When somebody else than the last one asked. */
  #otherAtMs = Number.NEGATIVE_INFINITY

  /** It has a request. */
  asks(share: LoopShare, nowMs: number): void {
    if (this.#last !== share) {
      this.#otherAtMs = this.#lastAtMs
      this.#last = share
    }
    this.#lastAtMs = nowMs
  }

  #hasRivals(share: LoopShare, nowMs: number): boolean {
    return nowMs - (this.#last === share ? this.#otherAtMs : this.#lastAtMs) < RIVAL_MS
  }

  /** Milliseconds that it has to leave the loop to others; 0 when they ask nothing any more. */
  pausesMs(share: LoopShare, nowMs: number): number {
    return share.freeAtMs > nowMs && this.#hasRivals(share, nowMs) ? share.freeAtMs - nowMs : 0
  }

  /** Its request took the loop from `startMs` to `endMs`. */
  took(share: LoopShare, startMs: number, endMs: number): void {
    const ms = endMs - startMs
    const hadRivals = ms > SLICE_MS && this.#hasRivals(share, startMs)
    this.count(share, endMs, ms)
    share.requests++
    share.sliceMs += ms
    this.asks(share, endMs)
    if (hadRivals) share.freeAtMs = endMs + pauseMs(ms, this.#others(share, endMs))
  }

  /** Its handlers took so much besides. */
  count(share: LoopShare, nowMs: number, ms: number): void {
    share.ms += ms
    this.#all.add(nowMs, ms)
    if (share.lately.add(nowMs, ms)) this.#validators.add(nowMs, 0)
  }

  #others(share: LoopShare, nowMs: number): Others {
    return {
      spanMs: WINDOW_MS + (nowMs % WINDOW_MS),
      ms: this.#all.ms(nowMs) - share.lately.ms(nowMs),
      requests: this.#all.requests(nowMs) - share.lately.requests(nowMs),
      validators: this.#validators.mostRequests(nowMs),
    }
  }
}
