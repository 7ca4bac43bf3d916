/** Where calls wait for a place to run: bounded, in order of priority, and fair between hotkeys. */
import type { Clock } from '../../clock.js'
import type { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import { Heap } from './heap.js'
import { refuse } from './refuse.js'

/**
 * A sixth of the time that a handler has by default, and less than half of what a validator waits by default: a hotkey
 * of low priority is served late, but in time.
 */
export const DEFAULT_AGING_MS = 5_000
/** The most that may be set: a queue is memory, 3 KB a call beside its request. */
export const MAX_PLACES = 65_536
/** Idle lines that are kept, so that a call that need not wait allocates nothing: a subnet has 256 hotkeys. */
const KEPT_LINES = 256

export interface QueueLimits {
  /** Calls that run at once. */
  readonly concurrency: number
  /** Calls that wait for a place. */
  readonly maxWaiting: number
  /** Milliseconds without a place after which a hotkey is next. */
  readonly agingMs: number
}

export interface QueueStats {
  readonly running: number
  readonly waiting: number
  /** Calls that were refused since the queue was full. */
  readonly shed: number
  /** Milliseconds, of all calls that had to wait, until they got a place or gave up; without those that were shed. */
  readonly longestWaitMs: number
  readonly meanWaitMs: number
}

/**
 * Three rules, each about hotkeys first and calls second, so that many calls of one hotkey are in nobody's way but its
 * own:
 *
 * - A free place goes to the hotkey with the fewest calls running, among equals to the call of the highest priority,
 *   among equals again to the hotkey that has waited longest for a place: they take turns.
 * - But a hotkey that waits and got no place for `agingMs` is next, with its oldest call; the one that has waited
 *   longest, if there are several. Time and not priority decides here, since priorities have no scale: stakes go from 0
 *   to millions, and no sum of the two is right for all.
 * - A place that is missing is taken from the hotkey with the most calls waiting, among equals from the call of the
 *   lowest priority, then from the newest: the newcomer's own, perhaps.
 *
 * A call that is aborted while it waits leaves at once.
 */
export class FairQueue {
  #limits: QueueLimits
  readonly #clock: Clock
  /** By hotkey: all that have calls here, and some that had. */
  readonly #lines = new Map<string, Line>()
  /** The lines in which calls wait, by each of the rules. */
  readonly #toServe = new Heap<Line>(isServedBefore)
  readonly #toServeByAge = new Heap<Line>(isOlder)
  readonly #toShed = new Heap<Line>(isShedBefore)
  readonly #orders = [this.#toServe, this.#toServeByAge, this.#toShed]
  #running = 0
  #waiting = 0
  /** Priorities that are still to come. */
  #asking = 0
  #arrivals = 0
  #shed = 0
  #waits = 0
  #totalWaitMs = 0
  #longestWaitMs = 0

  constructor(limits: QueueLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Calls that run keep their places; those that wait and find no room any more are shed. */
  set(limits: QueueLimits): void {
    this.#limits = limits
    this.#serve()
    while (this.#waiting > limits.maxWaiting) this.#takeAway()
  }

  /** Gives a call its place, until it is done, when there is one. @returns false when it has to wait */
  start(call: Call): boolean {
    if (this.#running >= this.#limits.concurrency) return false
    this.#run(call, this.#lineOf(call.caller))
    return true
  }

  /**
   * Resolves when the call has a place. A priority that is still to come is waited for outside the queue.
   * @throws LevinError REFUSED when the queue is full, at once or later; CONFIG for a priority that is no number; the
   *   reason of `call.signal` when that is aborted
   */
  async wait(call: Call, given: number | Promise<number>): Promise<void> {
    const priority = typeof given === 'number' ? given : await this.#later(call, given)
    if (typeof priority !== 'number' || Number.isNaN(priority)) {
      throw new LevinError(
        'CONFIG',
        `a call's priority is ${String(priority)}: let the function give a number`,
      )
    }
    if (this.start(call)) return
    const line = this.#lineOf(call.caller)
    const entry = new Waiting(call, line, priority, this.#arrivals++, this.#clock.monotonicMs())
    const settled = new Promise<void>((resolve, reject) => {
      entry.start = resolve
      entry.refuse = reject
    })
    this.#add(entry)
    if (this.#waiting > this.#limits.maxWaiting) this.#takeAway()
    if (entry.isWaiting) this.#watch(entry)
    await settled
  }

  /** Hotkeys in memory: those of the calls here, and up to 256 more. */
  get hotkeys(): number {
    return this.#lines.size
  }

  stats(): QueueStats {
    return {
      running: this.#running,
      waiting: this.#waiting,
      shed: this.#shed,
      longestWaitMs: this.#longestWaitMs,
      meanWaitMs: this.#waits === 0 ? 0 : this.#totalWaitMs / this.#waits,
    }
  }

  /** No more than may wait, those of calls that left included: each may hold something of the author's. */
  async #later({ signal }: Call, given: Promise<number>): Promise<number> {
    const priority = Promise.resolve(given)
    if (this.#asking >= this.#limits.maxWaiting) {
      priority.catch(() => {}) // nobody else hears of it
      this.#shed++
      throw this.#noPlace()
    }
    this.#asking++
    const told = (): void => {
      this.#asking--
    }
    priority.then(told, told)
    return await Promise.race([priority, rejectedWith(signal)])
  }

  #noPlace(): LevinError {
    const { concurrency, maxWaiting } = this.#limits
    return refuse(`no place: ${concurrency} calls run and ${maxWaiting} wait, which is the most`, 'busy')
  }

  #run(call: Call, line: Line): void {
    line.running++
    this.#running++
    call.onDone(line.release)
  }

  #release(line: Line): void {
    line.running--
    this.#running--
    if (line.waiting > 0) this.#toServe.moved(line)
    this.#forgetIdle(line)
    this.#serve()
  }

  #serve(): void {
    while (this.#waiting > 0 && this.#running < this.#limits.concurrency) {
      const now = this.#clock.monotonicMs()
      const neglected = this.#toServeByAge.first
      const isDue = now - neglected.since >= this.#limits.agingMs
      const entry = isDue ? neglected.oldest.first : this.#toServe.first.best.first
      entry.line.since = now
      this.#remove(entry)
      this.#noteWait(entry, now)
      this.#run(entry.call, entry.line)
      if (entry.line.waiting > 0) this.#toServe.moved(entry.line)
      entry.start()
    }
  }

  #takeAway(): void {
    const entry = this.#toShed.first.worst.first
    this.#shed++
    this.#remove(entry)
    this.#forgetIdle(entry.line)
    entry.refuse(this.#noPlace())
  }

  /** Lets it leave when nobody waits for it any more. */
  #watch(entry: Waiting): void {
    const { call } = entry
    const leave = (): void => {
      if (!entry.isWaiting) return
      this.#remove(entry)
      this.#noteWait(entry, this.#clock.monotonicMs())
      this.#forgetIdle(entry.line)
      entry.refuse(call.signal.reason ?? refuse('the call was over before it had a place', 'busy'))
    }
    if (call.signal.aborted) leave()
    else call.signal.addEventListener('abort', leave, { once: true })
    call.onDone(leave) // a middleware around us may have answered without us
  }

  #noteWait(entry: Waiting, now: number): void {
    const ms = now - entry.arrivedAt
    this.#waits++
    this.#totalWaitMs += ms
    this.#longestWaitMs = Math.max(this.#longestWaitMs, ms)
  }

  #add(entry: Waiting): void {
    const { line } = entry
    this.#waiting++
    line.add(entry)
    if (line.waiting > 1) for (const order of this.#orders) order.moved(line)
    else {
      line.since = entry.arrivedAt
      for (const order of this.#orders) order.add(line)
    }
  }

  #remove(entry: Waiting): void {
    const { line } = entry
    this.#waiting--
    line.delete(entry)
    for (const order of this.#orders) {
      if (line.waiting > 0) order.moved(line)
      else order.delete(line)
    }
  }

  #lineOf(hotkey: string): Line {
    let line = this.#lines.get(hotkey)
    if (line === undefined) {
      line = new Line(hotkey, (line) => this.#release(line))
      this.#lines.set(hotkey, line)
    }
    return line
  }

  #forgetIdle(line: Line): void {
    if (line.running + line.waiting === 0 && this.#lines.size > KEPT_LINES) this.#lines.delete(line.hotkey)
  }
}

/**
 * A queue for each synapse; those that there were go on with the calls that they have.
 * @param known all that there ever were, so that who is named again finds the calls that still run. New ones are added
 */
export function queuesOf(
  limits: ReadonlyMap<string, QueueLimits>,
  known: Map<string, FairQueue>,
  clock: Clock,
): ReadonlyMap<string, FairQueue> {
  const queues = [...limits].map(([synapse, limits]): [string, FairQueue] => {
    const queue = known.get(synapse) ?? new FairQueue(limits, clock)
    known.set(synapse, queue)
    queue.set(limits)
    return [synapse, queue]
  })
  return new Map(queues)
}

export const statsOf = (queues: ReadonlyMap<string, FairQueue>): Record<string, QueueStats> =>
  Object.fromEntries([...queues].map(([synapse, queue]) => [synapse, queue.stats()]))

const rejectedWith = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** A call in its hotkey's line. */
class Waiting {
  isWaiting = true
  start!: () => void
  refuse!: (reason: unknown) => void

  constructor(
    readonly call: Call,
    readonly line: Line,
    readonly priority: number,
    readonly arrival: number,
    /** Monotonic milliseconds. */
    readonly arrivedAt: number,
  ) {}
}

const isBefore = (a: Waiting, b: Waiting): boolean =>
  a.priority > b.priority || (a.priority === b.priority && a.arrival < b.arrival)

/** The calls of one hotkey. */
class Line {
  running = 0
  /** Monotonic milliseconds: the last time when it got a place, or began to wait for one. */
  since = 0
  /** Gives one place back. Made once, so that each call need not. */
  readonly release: () => void
  readonly best = new Heap(isBefore)
  readonly worst = new Heap<Waiting>((a, b) => isBefore(b, a))
  readonly oldest = new Heap<Waiting>((a, b) => a.arrival < b.arrival)

  constructor(
    readonly hotkey: string,
    release: (line: Line) => void,
  ) {
    this.release = () => release(this)
  }

  get waiting(): number {
    return this.best.size
  }

  add(entry: Waiting): void {
    this.best.add(entry)
    this.worst.add(entry)
    this.oldest.add(entry)
  }

  delete(entry: Waiting): void {
    entry.isWaiting = false
    this.best.delete(entry)
    this.worst.delete(entry)
    this.oldest.delete(entry)
  }
}

function isServedBefore(a: Line, b: Line): boolean {
  if (a.running !== b.running) return a.running < b.running
  const [forA, forB] = [a.best.first, b.best.first]
  return forA.priority === forB.priority ? isOlder(a, b) : forA.priority > forB.priority
}

const isOlder = (a: Line, b: Line): boolean =>
  a.since === b.since ? a.oldest.first.arrival < b.oldest.first.arrival : a.since < b.since

const isShedBefore = (a: Line, b: Line): boolean =>
  a.waiting === b.waiting ? isBefore(b.worst.first, a.worst.first) : a.waiting > b.waiting
