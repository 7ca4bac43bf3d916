/**
 * Who may take how much of the event loop. It is told of every request, and decides; `fair-loop.ts` does what it says.
 * Pure: whoever calls says what time it is.
 *
 * Two rules, and neither refuses anything:
 *
 * 1. While others are connected, a validator has `SLICE_MS` at a time. What it asks beyond waits for the next turn of the
 *    loop, after what came from others meanwhile. When nothing came, that costs a look at the sockets.
 * 2. Who took more than its part of the loop lately pauses after each slice while others ask. A request that takes longer
 *    than a slice makes many of the others' late, and no order can mend it: so it weighs more, and the pause after it is
 *    longer (see `pauseMs`).
 */

/** What a validator has at a time: some hundred requests of 1 KB, and less than anybody notices on a network. */
export const SLICE_MS = 1
/** Who asked within this time may be about to ask again: several round trips of a near peer. */
const RIVAL_MS = 20
/** Others that asked nothing for so long are gone. What the loop had no time to read is lost, and sent again only then. */
export const GONE_MS = 100
/** The longest pause: nobody is locked out. */
export const MOST_PAUSE_MS = 1000
/** About what the engine and the copy of a request's bytes take of the loop with quinn; its order is what matters. */
const READING_MS_PER_BYTE = 2 / (1024 * 1024)
/** Use is looked at over one to two of these: long enough to remember the others after a request of a second. */
const WINDOW_MS = 1000
/**
 * A request that takes longer than those of the others makes so many more of them late. Weighing more, and pausing longer,
 * its sender delays fewer than one in a hundred of theirs.
 */
const WEIGHT = 2
const MOST_WEIGHT = 16
/**
 * Slices that its sender pauses at least. What a request leaves behind for the engine and the collector of garbage is in
 * nobody's slice, and the others shall have half of the loop besides that.
 */
const LEAST_PAUSE = 3

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

/**
 * How long a validator leaves the loop to others.
 * @param ms of its last request
 * @param stretchMs that it had the loop for, in all
 */
export function pauseMs(
  ms: number,
  stretchMs: number,
  { validators, ownMs, allMs, theirRequests }: Lately,
): number {
  const theirs = theirRequests === 0 ? 0 : (allMs - ownMs) / theirRequests
  const longer = ms / Math.max(SLICE_MS, theirs)
  const weight = Math.min(MOST_WEIGHT, Math.max(1, WEIGHT * (longer - 1)))
  if (ownMs * weight <= allMs / Math.max(2, validators)) return 0
  return Math.min(MOST_PAUSE_MS, stretchMs * Math.max(LEAST_PAUSE, weight))
}

export class LoopShares {
  readonly #all = new Usage()
  readonly #validators = new Usage()
  /** Who asked last, and who before that. */
  #last: LoopShare | undefined
  #lastAtMs = Number.NEGATIVE_INFINITY
  #other: LoopShare | undefined
  #otherAtMs = Number.NEGATIVE_INFINITY

  /** It has a request. */
  asks(share: LoopShare, nowMs: number): void {
    if (this.pausesMs(share, nowMs) > 0) return
    if (this.#last !== share) {
      this.#other = this.#last
      this.#otherAtMs = this.#lastAtMs
      this.#last = share
    }
    this.#lastAtMs = nowMs
  }

  /** Whoever pauses can take nothing of the loop: to leave it to him would leave it idle. */
  #asksNoMore(share: LoopShare): void {
    if (this.#last === share) {
      this.#last = this.#other
      this.#lastAtMs = this.#otherAtMs
    } else if (this.#other !== share) return
    this.#other = undefined
    this.#otherAtMs = Number.NEGATIVE_INFINITY
  }

  /** Milliseconds since somebody else asked who does not pause. */
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
    share.requests++
    this.#use(share, endMs - startMs, startMs, endMs)
  }

  /** Bytes of a request came that is not complete. */
  read(share: LoopShare, nowMs: number, bytes: number): void {
    this.#use(share, bytes * READING_MS_PER_BYTE, nowMs, nowMs)
  }

  #use(share: LoopShare, ms: number, startMs: number, endMs: number): void {
    const hadRivals = this.#sinceOthersMs(share, startMs) < RIVAL_MS
    this.#regain(share, startMs)
    share.sliceMs += ms
    share.sliceAtMs = endMs
    this.count(share, endMs, ms)
    this.asks(share, endMs)
    if (!hadRivals || share.sliceMs < SLICE_MS) return
    share.freeAtMs = endMs + pauseMs(ms, share.sliceMs, this.#lately(share, endMs))
    if (share.freeAtMs > endMs) this.#asksNoMore(share)
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
