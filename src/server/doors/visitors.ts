/** Who asks by HTTP: the validators that proved themselves with a request lately, each for all its connections. */
import type { Clock } from '../../clock.js'
import { Departures } from '../departures.js'
import { Egress } from '../egress.js'
import type { FairLoop, LoopPlace } from '../fair-loop.js'
import type { Watched } from '../progress-watch.js'

/** A validator asks every few seconds; one that did not for so long has left, and keeps no part of the loop from others. */
const IDLE_MS = 30_000
/** Validators that left whose signatures are still checked before those of newcomers, as by QUIC. */
const MAX_REMEMBERED = 4096

/** A request of its own that is under way. */
export interface Visiting extends Watched {
  /** Bytes of its answer that wait for the caller. */
  readonly waiting: number
  /** Bytes of its request that are kept. */
  readonly keptBytes: number
}

export class Visitor {
  readonly hotkey: string
  readonly place: LoopPlace
  readonly egress: Egress
  readonly requests = new Set<Visiting>()
  idleSinceMs = 0
  readonly #mostAtOnce: number
  #underWay = 0
  /** What begins when another of its requests is over, in their order. */
  readonly #waiting = new Set<() => void>()

  /**
   * @param capBytes of answers that may wait for it
   * @param mostAtOnce requests that may be under way
   */
  constructor(hotkey: string, place: LoopPlace, capBytes: number, mostAtOnce: number) {
    this.hotkey = hotkey
    this.#mostAtOnce = mostAtOnce
    this.place = place
    this.egress = new Egress(this, capBytes)
  }

  /**
   * Calls `begin` as soon as one more of its requests may be under way: those beyond wait, as over QUIC for a stream.
   * @returns what is called once when the request is over
   */
  begin(begin: () => void): () => void {
    if (this.#underWay < this.#mostAtOnce) {
      this.#underWay++
      begin()
    } else this.#waiting.add(begin)
    return () => {
      if (this.#waiting.delete(begin)) return
      const [next] = this.#waiting
      if (next === undefined) this.#underWay--
      else {
        this.#waiting.delete(next) // it has the place of the one that is over
        next()
      }
    }
  }

  /** Bytes of answers that wait for it. */
  get waiting(): number {
    let bytes = 0
    for (const request of this.requests) bytes += request.waiting
    return bytes
  }

  /** Bytes that are kept for it. */
  get keptBytes(): number {
    let bytes = this.waiting
    for (const request of this.requests) bytes += request.keptBytes
    return bytes
  }

  /** Gives up all that it asked. */
  abandon(): void {
    for (const request of [...this.requests]) request.abandon()
  }
}

export class Visitors {
  readonly #clock: Clock
  readonly #loop: FairLoop
  readonly #most: number
  readonly #queuedBytes: number
  readonly #mostAtOnce: number
  readonly #visitors = new Map<string, Visitor>()
  readonly #departures: Departures
  #cancelTimer: (() => void) | undefined

  /**
   * @param most that there may be at once
   * @param queuedBytes of answers that may wait for one
   * @param mostAtOnce requests that one may have under way
   */
  constructor(clock: Clock, loop: FairLoop, most: number, queuedBytes: number, mostAtOnce: number) {
    this.#clock = clock
    this.#departures = new Departures(clock, MAX_REMEMBERED)
    this.#loop = loop
    this.#most = most
    this.#queuedBytes = queuedBytes
    this.#mostAtOnce = mostAtOnce
  }

  get size(): number {
    return this.#visitors.size
  }

  [Symbol.iterator](): Iterator<Visitor> {
    return [...this.#visitors.values()].values()
  }

  /** Whether this hotkey is here, or was within the last hour. */
  isKnown(hotkey: string): boolean {
    return this.#visitors.has(hotkey) || this.#departures.has(hotkey)
  }

  /**
   * A request that proved to be this validator's begins.
   * @returns undefined when there are too many validators
   */
  enter(hotkey: string, request: Visiting): Visitor | undefined {
    let visitor = this.#visitors.get(hotkey)
    if (visitor === undefined) {
      if (this.#visitors.size >= this.#most && !this.#forgetIdle()) return undefined
      visitor = new Visitor(hotkey, this.#loop.enter(hotkey), this.#queuedBytes, this.#mostAtOnce)
    } else this.#visitors.delete(hotkey)
    this.#visitors.set(hotkey, visitor) // behind those that asked longer ago
    visitor.requests.add(request)
    this.#cancelTimer ??= this.#clock.after(IDLE_MS, this.#sweep)
    return visitor
  }

  leave(visitor: Visitor, request: Visiting): void {
    visitor.requests.delete(request)
    visitor.idleSinceMs = this.#clock.monotonicMs()
  }

  /** @returns whether there was one */
  #forgetIdle(): boolean {
    for (const visitor of this.#visitors.values()) {
      if (visitor.requests.size > 0) continue
      this.#forget(visitor)
      return true
    }
    return false
  }

  #forget(visitor: Visitor): void {
    this.#visitors.delete(visitor.hotkey)
    this.#loop.leave(visitor.place)
    this.#departures.left(visitor.hotkey)
  }

  readonly #sweep = (): void => {
    this.#cancelTimer = undefined
    const now = this.#clock.monotonicMs()
    for (const visitor of this) {
      if (visitor.requests.size === 0 && now - visitor.idleSinceMs >= IDLE_MS) this.#forget(visitor)
    }
    if (this.#visitors.size > 0) this.#cancelTimer = this.#clock.after(IDLE_MS, this.#sweep)
  }

  stop(): void {
    this.#cancelTimer?.()
    for (const visitor of this) this.#forget(visitor)
  }
}
