/**
 * Who may take how much of the event loop. It is told of every request, and decides; `fair-loop.ts` does what it says.
 * Pure: whoever calls says what time it is.
 *
 * Two rules, and neither refuses anything:
 *
 * 1. While others are connected, a validator has `SLICE_MS` at a time. What it asks beyond waits for the next turn of the
 *    loop, after what came from others meanwhile. When nothing came, that costs a look at the sockets.
 * 2. A request that takes longer than that keeps everybody waiting, and no order can mend it. So who took more than its
 *    part of the loop lately pauses after each such request, for as long as others go on asking (see `pauseMs`).
 */

/** What a validator has at a time: some hundred requests of 1 KB, and less than anybody notices on a network. */
export const SLICE_MS = 1
/** Who asked within this time may be about to ask again: several round trips of a near peer. */
const RIVAL_MS = 20
/** Others that asked nothing for so long are gone. What the loop had no time to read is lost, and sent again only then. */
export const GONE_MS = 100
/** The longest pause: nobody is locked out. */
export const MOST_PAUSE_MS = 1000
/** What the engine and the copy of a request's bytes take of the loop, measured with quinn; quiche takes more. */
const READING_MS_PER_BYTE = 2 / (1024 * 1024)
/** Use is looked at over one to two of these: long enough to remember the others after a request of a second. */
const WINDOW_MS = 1000
/** Times an equal part that a validator may take before it pauses: equals differ by chance. */
const TOLERANCE = 1.5
/**
 * A request makes so many more of the others' late as it takes longer than theirs. Pausing so much longer, its sender
 * delays about one in a hundred of theirs.
 */
const WEIGHT = 2
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
  /** @internal of its slice, less the time since; and when that was worked out */
  sliceMs = 0
  sliceAtMs = 0
  /** @internal when its pause is over */
  freeAtMs = 0
  /** @internal */
  readonly lately = new Usage()
}

/** What was lately done by all that asked. */
export interface Lately {
  readonly validators: number
  /** Of the validator that it is about, and of all. */
  readonly ownMs: number
  readonly allMs: number
  /** Of the others. */
  readonly theirRequests: number
}

/** How long the sender of a request that took `ms` leaves the loop to others. */
export function pauseMs(ms: number, { validators, ownMs, allMs, theirRequests }: Lately): number {
  if (ms <= SLICE_MS || ownMs <= (TOLERANCE * allMs) / Math.max(2, validators)) return 0
  const theirs = theirRequests === 0 ? 0 : (allMs - ownMs) / theirRequests
  const weight = Math.min(MOST_WEIGHT, Math.max(1, (WEIGHT * ms) / Math.max(SLICE_MS, theirs)))
  return Math.min(MOST_PAUSE_MS, ms * weight)
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

  /** Milliseconds since somebody else asked. */
  #sinceOthersMs(share: LoopShare, nowMs: number): number {
    return nowMs - (this.#last === share ? this.#otherAtMs : this.#lastAtMs)
  }

  /** Milliseconds that it has to leave the loop to others; 0 when they ask nothing any more. */
  pausesMs(share: LoopShare, nowMs: number): number {
    if (share.freeAtMs <= nowMs || this.#sinceOthersMs(share, nowMs) >= GONE_MS) return 0
    return share.freeAtMs - nowMs
  }

  /** Whether it had its slice, and others come first. */
  hadSlice(share: LoopShare, nowMs: number): boolean {
    this.#regain(share, nowMs)
    return share.sliceMs >= SLICE_MS
  }

  /** The loop has turned. */
  newSlice(share: LoopShare): void {
    share.sliceMs = 0
  }

  /** What it leaves of the loop it has again. */
  #regain(share: LoopShare, nowMs: number): void {
    share.sliceMs = Math.max(0, share.sliceMs - (nowMs - share.sliceAtMs))
    share.sliceAtMs = nowMs
  }

  /** Its request took the loop from `startMs` to `endMs`. */
  took(share: LoopShare, startMs: number, endMs: number): void {
    const ms = endMs - startMs
    const hadRivals = ms > SLICE_MS && this.#sinceOthersMs(share, startMs) < RIVAL_MS
    this.#regain(share, startMs)
    share.sliceMs += ms
    share.sliceAtMs = endMs
    share.requests++
    this.count(share, endMs, ms)
    this.asks(share, endMs)
    if (hadRivals) share.freeAtMs = endMs + pauseMs(ms, this.#lately(share, endMs))
  }

  /** Bytes of a request came that is not complete. */
  read(share: LoopShare, nowMs: number, bytes: number): void {
    const ms = bytes * READING_MS_PER_BYTE
    this.#regain(share, nowMs)
    share.sliceMs += ms
    this.count(share, nowMs, ms)
    this.asks(share, nowMs)
  }

  /** Its handlers took so much besides. */
  count(share: LoopShare, nowMs: number, ms: number): void {
    share.ms += ms
    this.#all.add(nowMs, ms)
    if (share.lately.add(nowMs, ms)) this.#validators.add(nowMs, 0)
  }

  #lately(share: LoopShare, nowMs: number): Lately {
    return {
      validators: this.#validators.mostRequests(nowMs),
      ownMs: share.lately.ms(nowMs),
      allMs: this.#all.ms(nowMs),
      theirRequests: this.#all.requests(nowMs) - share.lately.requests(nowMs),
    }
  }
}
