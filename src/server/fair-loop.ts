/** Runs validators' requests on the one loop that they share, each when its sender may: `loop-shares.ts` decides. */
import type { Clock } from '../clock.js'
import { putLast } from '../transport/source-rate.js'
import { GONE_MS, LoopShare, LoopShares } from './loop-shares.js'

/** Validators whose use is remembered, so that nobody is rid of a pause by connecting anew. */
const MAX_REMEMBERED = 4096

/** What a validator wants of the loop. */
export interface LoopWork {
  /** Reads on, or decodes what was read and starts its call. Must not throw. */
  begin(): void
}

/** One validator's place on the loop, for all its connections. */
export class LoopPlace {
  readonly share = new LoopShare()
  /** What waits, the first come first. */
  readonly waiting: LoopWork[] = []
  connections = 0
}

/** Milliseconds and requests of one validator. */
export interface LoopTally {
  /** Milliseconds of the event loop that its requests took: decoding, validating, and handlers up to their first wait. */
  readonly ms: number
  readonly requests: number
  /** Of these, how many waited for the requests of others. */
  readonly deferred: number
}

export class FairLoop {
  readonly #clock: Clock
  readonly #shares = new LoopShares()
  readonly #places = new Map<string, LoopPlace>()
  /** Those of whom something waits. */
  readonly #waiting = new Set<LoopPlace>()
  /** Validators that are connected. */
  #present = 0
  /** A request is beginning, and is timed as a whole. */
  #isRunning = false
  #isTurnAwaited = false
  #cancelTimer: (() => void) | undefined
  #isStopping = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A connection of this validator. */
  enter(hotkey: string): LoopPlace {
    const place = this.#places.get(hotkey) ?? new LoopPlace()
    if (place.connections++ === 0) this.#present++
    putLast(this.#places, hotkey, place, MAX_REMEMBERED)
    return place
  }

  leave(place: LoopPlace): void {
    if (--place.connections === 0) this.#present--
  }

  /** A request was received: begins it, now or when its sender may. */
  take(place: LoopPlace, work: LoopWork): void {
    const nowMs = this.#clock.monotonicMs()
    this.#shares.asks(place.share, nowMs)
    if (this.#isShared && (place.waiting.length > 0 || this.#mustWait(place.share, nowMs))) {
      place.share.deferred++
      this.#defer(place, work)
    } else this.#run(place.share, work, nowMs)
  }

  /** Bytes of a request came that is not complete. @returns whether it is to be read on only when `work` begins */
  read(place: LoopPlace, bytes: number, work: LoopWork): boolean {
    if (!this.#isShared) return false
    const nowMs = this.#clock.monotonicMs()
    this.#shares.read(place.share, nowMs, bytes)
    if (!this.#mustWait(place.share, nowMs)) return false
    this.#defer(place, work)
    return true
  }

  /** Whether there is anybody to wait for. */
  get #isShared(): boolean {
    return this.#present > 1 && !this.#isStopping
  }

  #defer(place: LoopPlace, work: LoopWork): void {
    place.waiting.push(work)
    this.#waiting.add(place)
    this.#wake()
  }

  /** @returns what time it is afterwards */
  #run(share: LoopShare, work: LoopWork, nowMs: number): number {
    this.#isRunning = true
    work.begin()
    this.#isRunning = false
    const endMs = this.#clock.monotonicMs()
    this.#shares.took(share, nowMs, endMs)
    return endMs
  }

  #mustWait(share: LoopShare, nowMs: number): boolean {
    return this.#shares.hadSlice(share, nowMs) || this.#shares.pausesMs(share, nowMs) > 0
  }

  /** With the next turn, which comes when what arrived meanwhile has been read. */
  #wake(): void {
    if (this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    setImmediate(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#isTurnAwaited = false
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    let pauseMs = GONE_MS // by then, the others may be gone
    for (const place of this.#waiting) {
      const nowMs = this.#clock.monotonicMs()
      const ownPauseMs = this.#shares.pausesMs(place.share, nowMs)
      pauseMs = Math.min(pauseMs, ownPauseMs)
      if (ownPauseMs > 0) continue
      this.#resume(place, nowMs)
      break // what arrived meanwhile is read before the next one's turn
    }
    if (this.#waiting.size === 0) return
    if (pauseMs === 0) this.#wake()
    else this.#cancelTimer = this.#clock.after(Math.ceil(pauseMs), this.#onTurn)
  }

  /** Goes on with what waits, for a slice. */
  #resume(place: LoopPlace, beganMs: number): void {
    const { share, waiting } = place
    this.#shares.newSlice(share)
    this.#waiting.delete(place)
    let nowMs = beganMs
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) {
      nowMs = this.#run(share, work, nowMs)
      if (!this.#mustWait(share, nowMs)) continue
      if (waiting.length > 0) this.#waiting.add(place) // behind the others
      return
    }
  }

  /** A handler of this validator's had the loop for so long, perhaps after its request had begun: behind middleware. */
  handlerTook(hotkey: string, ms: number): void {
    if (this.#isRunning) return // counted with its request
    const place = this.#places.get(hotkey)
    if (place !== undefined) this.#shares.count(place.share, this.#clock.monotonicMs(), ms)
  }

  /** Begins all that waits; nothing waits from here on. */
  stop(): void {
    this.#isStopping = true
    this.#cancelTimer?.()
    for (const { waiting } of this.#waiting) for (const work of waiting.splice(0)) work.begin()
    this.#waiting.clear()
  }

  /** Of the validators that are connected. */
  stats(): Record<string, LoopTally> {
    const tallies: Record<string, LoopTally> = {}
    for (const [hotkey, { share, connections }] of this.#places) {
      if (connections === 0) continue
      const { ms, requests, deferred } = share
      tallies[hotkey] = { ms, requests, deferred }
    }
    return tallies
  }
}
