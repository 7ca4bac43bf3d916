/** One question to many miners: each has its outcome, and nothing throws as a whole. */
import { setMaxListeners } from 'node:events'
import type { Clock } from '../clock.js'
import { LevinError, type LevinErrorCode } from '../errors.js'
import { integer } from '../options.js'
import type { Axon } from './axon.js'
import {
  CALL_KEYS,
  type CallOptions,
  checkCallOptions,
  checkStreamOptions,
  isOver,
  type Limits,
  STREAM_KEYS,
  type StreamCallOptions,
} from './call-options.js'
import type { Answer } from './query.js'

/** What became of one of many calls. */
export type Outcome<T, A extends Axon = Axon> =
  | {
      readonly ok: true
      readonly axon: A
      readonly data: T
      /** Milliseconds from opening the stream until the answer was there; of a stream, from the call to its end. */
      readonly latencyMs: number
    }
  | {
      readonly ok: false
      readonly axon: A
      readonly code: LevinErrorCode
      readonly message: string
      /** Milliseconds from the start of the call until it had failed. */
      readonly latencyMs: number
      /** All that is known of it. */
      readonly error: LevinError
    }

interface OfMany {
  /** How many are asked at once. Default: all. */
  readonly concurrency?: number
  /** With so many good answers the others are cancelled, on the wire too: `ABORTED`. Default: all are waited for. */
  readonly enough?: number
}

/** `deadlineMs` is for all of them together. */
export interface QueryAllOptions extends CallOptions, OfMany {}
/** `deadlineMs` is for all of them together. */
export interface StreamAllOptions extends StreamCallOptions, OfMany {}

const OF_MANY_KEYS: readonly (keyof OfMany)[] = ['concurrency', 'enough']
const QUERY_ALL_KEYS = [...CALL_KEYS, ...OF_MANY_KEYS]
const STREAM_ALL_KEYS = [...STREAM_KEYS, ...OF_MANY_KEYS]

/** @throws LevinError CONFIG */
export function checkQueryAll(options: QueryAllOptions): void {
  checkCallOptions(options, QUERY_ALL_KEYS)
  checkOfMany(options)
}

/** @throws LevinError CONFIG */
export function checkStreamAll(options: StreamAllOptions): void {
  checkStreamOptions(options, STREAM_ALL_KEYS)
  checkOfMany(options)
}

function checkOfMany({ concurrency, enough }: OfMany): void {
  if (concurrency !== undefined) integer('the options of the call', 'concurrency', concurrency, 1, 2 ** 31)
  if (enough !== undefined) integer('the options of the call', 'enough', enough, 1, 2 ** 31)
}

type Ask<T, A> = (axon: A, limits: Limits) => Promise<Answer<T>>

export class Round<T, A extends Axon> {
  readonly #axons: readonly A[]
  readonly #ask: Ask<T, A>
  readonly #clock: Clock
  readonly #enough: number
  readonly #given: AbortSignal | undefined
  readonly #controller = new AbortController()
  /** Of each call. */
  readonly #limits: Limits
  #next = 0
  #running = 0
  #good = 0
  /** Told once for each target. */
  #onOutcome: (outcome: Outcome<T, A>, index: number) => void = () => {}
  readonly #concurrency: number

  /** @param limits of all of it */
  constructor(
    axons: readonly A[],
    ask: Ask<T, A>,
    limits: Limits,
    { concurrency, enough }: OfMany,
    clock: Clock,
  ) {
    this.#axons = [...axons]
    this.#ask = ask
    this.#clock = clock
    this.#enough = enough ?? Number.POSITIVE_INFINITY
    this.#concurrency = concurrency ?? axons.length
    this.#given = limits.signal
    this.#limits = { ...limits, signal: this.#controller.signal }
    setMaxListeners(0, this.#controller.signal)
  }

  /** All outcomes, in the order of the targets. Never rejects. */
  all(): Promise<Outcome<T, A>[]> {
    return new Promise((resolve) => {
      const outcomes = new Array<Outcome<T, A>>(this.#axons.length)
      let missing = this.#axons.length
      if (missing === 0) resolve(outcomes)
      this.#start((outcome, index) => {
        outcomes[index] = outcome
        if (--missing === 0) resolve(outcomes)
      })
    })
  }

  /** The outcomes as they come. Leaving the loop cancels what still runs. */
  async *each(): AsyncGenerator<Outcome<T, A>, void, undefined> {
    const arrived: Outcome<T, A>[] = []
    let wake: () => void = () => {}
    this.#start((outcome) => {
      arrived.push(outcome)
      wake()
    })
    try {
      for (let given = 0; given < this.#axons.length; given++) {
        if (arrived.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        yield arrived.shift()!
      }
    } finally {
      this.#cancel(new LevinError('ABORTED', 'the reader left'))
    }
  }

  #start(onOutcome: (outcome: Outcome<T, A>, index: number) => void): void {
    this.#onOutcome = onOutcome
    if (this.#given?.aborted) this.#onAbort()
    else this.#given?.addEventListener('abort', this.#onAbort)
    this.#fill()
  }

  readonly #onAbort = (): void => this.#cancel(this.#given!.reason)

  #cancel(reason: unknown): void {
    this.#given?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(reason)
  }

  #fill(): void {
    while (this.#running < this.#concurrency && this.#next < this.#axons.length) {
      this.#running++
      void this.#one(this.#next++)
    }
    if (this.#running === 0) this.#given?.removeEventListener('abort', this.#onAbort)
  }

  async #one(index: number): Promise<void> {
    const axon = this.#axons[index]!
    const began = this.#clock.monotonicMs()
    const outcome = await this.#outcome(axon, began)
    this.#running--
    this.#onOutcome(outcome, index)
    if (outcome.ok && ++this.#good === this.#enough)
      this.#cancel(new LevinError('ABORTED', `${this.#enough} good answers are enough`))
    this.#fill()
  }

  async #outcome(axon: A, began: number): Promise<Outcome<T, A>> {
    const { signal } = this.#controller
    try {
      if (signal.aborted)
        throw new LevinError('ABORTED', 'not asked: cancelled before', { cause: signal.reason })
      if (isOver(this.#limits.deadlineAtMs, began))
        throw new LevinError('TIMED_OUT', 'not asked: the deadline of all calls together passed')
      const { data, latencyMs } = await this.#ask(axon, this.#limits)
      return { ok: true, axon, data, latencyMs }
    } catch (thrown) {
      const error = LevinError.from(thrown)
      const latencyMs = this.#clock.monotonicMs() - began
      return { ok: false, axon, code: error.code, message: error.message, latencyMs, error }
    }
  }
}
