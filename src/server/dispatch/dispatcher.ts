/** Runs calls: finds the route, keeps the deadline, writes the answer or the stream. */
import type { Clock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import { shown } from '../../shown.js'
import type { Summary } from '../../summary.js'
import type { Address, LinkStream } from '../../transport/link.js'
import { FRAME_HEADER_BYTES } from '../../wire/frame.js'
import {
  encodeStreamChunk,
  encodeStreamEnd,
  encodeSynapseResponse,
  recycle,
  type SynapsePacket,
} from '../../wire/messages.js'
import { ErrorText } from '../../wire/protocol-texts.js'
import { LiveCall } from '../call.js'
import type { CallOutcome, Observers } from '../watch.js'
import { BadAnswer, errorText, HandlerTimeout, hasCode, outcomeOf } from './outcome.js'
import type { Route } from './route.js'

/** Who asks. */
export interface Caller {
  /** SS58. */
  readonly hotkey: string
  readonly remote: Address
  /** What its connection has of answers that it does not take. */
  readonly egress: { readonly isFull: boolean; whenRoom(run: () => void): void }
  callStarted(): void
  callEnded(): void
}

/** A call on its way, as the exchange that started it sees it. */
export interface Running {
  /** Nobody waits for the answer any more. */
  cancel(reason: string): void
  /** The stream took all that was written. */
  drained(): void
}

export interface DispatcherSettings {
  readonly clock: Clock
  /** For what peers cause. */
  readonly logger: Logger
  /** For what handlers write. */
  readonly callLogger: Logger
  readonly maxFrameBytes: number
}

/** Of the words with which a request was refused: they name faults of it. */
const MOST_REASON = 1024

export class Dispatcher {
  readonly #routes: ReadonlyMap<string, Route>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #callLogger: Logger
  /** In no order; each task knows its place. Not a Set, for the garbage that one leaves: see transport/turn.ts. */
  readonly #running: Task[] = []
  #whenIdle: (() => void)[] = []

  readonly #maxFrameBytes: number
  readonly #observers: Observers
  readonly #noise: Summary
  /** Calls of synapses that there are not. */
  unrecognized = 0

  constructor(
    routes: ReadonlyMap<string, Route>,
    { callLogger, clock, logger, maxFrameBytes }: DispatcherSettings,
    observers: Observers,
    noise: Summary,
  ) {
    this.#routes = routes
    this.#noise = noise
    this.#observers = observers
    this.#maxFrameBytes = maxFrameBytes
    this.#clock = clock
    this.#logger = logger
    this.#callLogger = callLogger
  }

  isStream(synapse: string): boolean {
    return this.#routes.get(synapse)?.isStream === true
  }

  /** Starts a call, or answers at once that there is no such synapse. */
  dispatch(packet: SynapsePacket, caller: Caller, stream: LinkStream): Running | undefined {
    const route = this.#routes.get(packet.synapseType)
    if (route === undefined) {
      this.unrecognized++
      stream.end(this.failure(ErrorText.unrecognizedSynapseType, false))
      return undefined
    }
    const call = new LiveCall(
      {
        caller: caller.hotkey,
        remote: caller.remote,
        deadline: this.#clock.unixMs() + route.timeoutMs,
        logger: this.#callLogger,
      },
      packet,
    )
    route.tally.running++
    caller.callStarted()
    const task = new Task(route, call, caller, stream, this.#clock, this)
    task.place = this.#running.push(task) - 1
    task.start()
    return task
  }

  /**
   * The frame that says a call failed, in the form that the synapse's callers read.
   * @param id of a call whose error has a code and is in the log, for its caller to quote; a stream's end has no room
   *   for it, and all other failures are byte for byte the reference's
   */
  failure(text: ErrorText, isStream: boolean, id?: string): Uint8Array {
    if (isStream) return encodeStreamEnd({ success: false, error: text })
    const data = id === undefined ? {} : { id }
    return encodeSynapseResponse({ success: false, data, timestamp: this.#seconds(), error: text })
  }

  /** @throws BadAnswer for what cannot be encoded, or is larger than a frame may be */
  success(data: object): Uint8Array {
    let frame: Uint8Array
    try {
      frame = encodeSynapseResponse({ success: true, data, timestamp: this.#seconds(), error: null })
    } catch (cause) {
      throw new BadAnswer(cause)
    }
    return this.#withinLimit(frame)
  }

  /** @throws BadAnswer for a chunk larger than a frame may be */
  chunk(data: Uint8Array): Uint8Array {
    return this.#withinLimit(encodeStreamChunk({ data }))
  }

  #withinLimit(frame: Uint8Array): Uint8Array {
    const bytes = frame.length - FRAME_HEADER_BYTES
    if (bytes <= this.#maxFrameBytes) return frame
    throw new BadAnswer(
      `the answer has ${bytes} bytes, maxFrameBytes is ${this.#maxFrameBytes}: stream it in chunks`,
    )
  }

  /** Its outcome is known, and counts from now on: its handler may run for long, or for ever. */
  settled({ call, route, startedAt }: Task, outcome: CallOutcome, error: unknown): void {
    route.tally[outcome]++
    if (!this.#observers.hears('call')) return
    const { id, caller, synapse } = call
    const durationMs = this.#clock.monotonicMs() - startedAt
    this.#observers.tell('call', { id, synapse, caller, outcome, durationMs, error })
  }

  /** Peers can have any number of requests refused: the log has the first of each kind, and then a number a minute. */
  refused(
    { id, caller, synapse }: LiveCall,
    outcome: 'refused' | 'invalid',
    { message: reason }: Error,
  ): void {
    const message = outcome === 'refused' ? 'refused a request' : 'refused an invalid request'
    this.#noise.note(`${message} of '${synapse}'`, message, {
      call: id,
      caller,
      synapse,
      reason: shown(reason, MOST_REASON),
    })
  }

  readonly onDoneThrew = (call: LiveCall, error: unknown): void =>
    this.failed(call, 'a function of onDone() threw', error)

  /** Peers can make any number of calls fail. */
  failed({ id, caller, synapse }: LiveCall, message: string, error: unknown): void {
    this.#logger.error(message, { call: id, caller, synapse, error })
  }

  /** Its handler is done, too. */
  finished(task: Task): void {
    task.route.tally.running--
    task.caller.callEnded()
    const last = this.#running.pop()!
    if (last !== task) {
      this.#running[task.place] = last
      last.place = task.place
    }
    if (this.#running.length > 0) return
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  /** Calls whose handlers run. */
  get running(): number {
    return this.#running.length
  }

  /** Resolves when no call is running. */
  idle(): Promise<void> {
    if (this.#running.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  cancelAll(reason: string): void {
    for (const task of [...this.#running]) task.cancel(reason)
  }

  #seconds(): number {
    return Math.floor(this.#clock.unixMs() / 1000)
  }
}

/** One call and the stream that it answers on. What settles first (answer, deadline, cancel) wins. */
class Task implements Running {
  /** Where the dispatcher keeps it. */
  place = 0
  readonly route: Route
  readonly call: LiveCall
  readonly caller: Caller
  readonly startedAt: number
  #isSettled = false
  readonly #stream: LinkStream
  readonly #clock: Clock
  readonly #dispatcher: Dispatcher
  /** The call's deadline by the clock that does not jump. */
  #dueMs: number
  #cancelTimer: () => void
  #resumePump: (() => void) | undefined
  /** What the stream has not taken whole, of the last frame. */
  #unsent: Uint8Array | undefined

  constructor(
    route: Route,
    call: LiveCall,
    caller: Caller,
    stream: LinkStream,
    clock: Clock,
    dispatcher: Dispatcher,
  ) {
    this.route = route
    this.call = call
    this.caller = caller
    this.startedAt = clock.monotonicMs()
    this.#stream = stream
    this.#clock = clock
    this.#dispatcher = dispatcher
    this.#dueMs = this.startedAt + route.timeoutMs
    this.#cancelTimer = this.#expireIn(route.timeoutMs)
    call.keeper = this
  }

  start(): void {
    const done = this.route.isStream ? this.#pump() : this.#answer()
    done.then(this.#finish, (error: unknown) => {
      this.#fail(error)
      this.#finish()
    })
  }

  readonly #finish = (): void => {
    if (this.call.isHandled) this.#end()
    else this.call.whenHandled(() => this.#end())
  }

  #end(): void {
    this.call.done(this.#dispatcher.onDoneThrew)
    this.#dispatcher.finished(this)
  }

  async #answer(): Promise<void> {
    const value = await this.route.run(this.call)
    if (this.caller.egress.isFull) await this.#room()
    if (this.#isSettled) return
    this.#settle('answered', this.#dispatcher.success(this.route.answer(value)))
  }

  async #pump(): Promise<void> {
    const items = await this.route.run(this.call)
    if (this.#isSettled) return // a middleware took too long, and the generator has not begun
    for await (const item of iterate(items)) {
      if (this.caller.egress.isFull) await this.#room()
      if (this.#isSettled) return // leaves the loop, which ends the handler's generator
      const frame = this.#dispatcher.chunk(this.route.chunk(item))
      if (!this.#stream.write(frame)) await this.#drain()
      if (this.#isSettled) return // perhaps with the frame still on its way
      recycle(frame)
    }
    if (!this.#isSettled) this.#settle('answered', encodeStreamEnd({ success: true, error: null }))
  }

  /** Until the peer has taken some of its other answers. The handler is done: whether its peer reads is not its deadline's. */
  #room(): Promise<void> {
    if (!this.route.isStream) this.#cancelTimer()
    return new Promise((resolve) => this.caller.egress.whenRoom(resolve))
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#resumePump = resolve
    })
  }

  drained(): void {
    this.#goOn()
    if (this.#unsent !== undefined) recycle(this.#unsent)
    this.#unsent = undefined
  }

  #goOn(): void {
    this.#resumePump?.()
    this.#resumePump = undefined
  }

  /** Tells the peer and the log that the call failed, unless it is settled already. */
  #fail(error: unknown): void {
    const outcome = outcomeOf(error)
    const { call } = this
    const { isStream } = this.route
    const isRefusal = outcome === 'refused' || outcome === 'invalid'
    if (!isRefusal && call.whyEnded === undefined) this.#dispatcher.failed(call, 'a call failed', error)
    if (this.#isSettled) return
    if (isRefusal) this.#dispatcher.refused(call, outcome, error as Error) // outcomeOf knows its class
    const id = outcome === 'failed' && hasCode(error) ? call.id : undefined
    this.#settle(outcome, this.#dispatcher.failure(errorText(error, isStream), isStream, id), error)
  }

  limitTo(ms: number): void {
    const dueMs = this.#clock.monotonicMs() + ms
    if (this.#isSettled || dueMs >= this.#dueMs) return
    this.#dueMs = dueMs
    this.call.deadline = this.#clock.unixMs() + ms
    this.#cancelTimer()
    this.#cancelTimer = this.#expireIn(ms)
  }

  #expireIn(ms: number): () => void {
    return this.#clock.after(ms, () => {
      const timeout = new HandlerTimeout(Math.round(this.#clock.monotonicMs() - this.startedAt))
      this.#fail(timeout)
      this.#stop(timeout)
    })
  }

  cancel(reason: string): void {
    if (!this.#isSettled) this.#settle('aborted')
    this.#stop(new LevinError('ABORTED', reason))
  }

  /** @param last the frame that ends the stream; none when nobody reads it */
  #settle(outcome: CallOutcome, last?: Uint8Array, error?: unknown): void {
    this.#isSettled = true
    this.#cancelTimer()
    if (last !== undefined) {
      if (this.#stream.end(last)) recycle(last)
      else this.#unsent = last
    }
    this.#dispatcher.settled(this, outcome, error)
  }

  /** Lets the handler know, and a pump that waits for the peer go on to its end. */
  #stop(reason: Error): void {
    this.call.abort(reason)
    this.#goOn()
  }
}

function iterate(items: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  if (
    typeof items === 'object' &&
    items !== null &&
    (Symbol.asyncIterator in items || Symbol.iterator in items)
  ) {
    return items as AsyncIterable<unknown> | Iterable<unknown>
  }
  throw new BadAnswer(
    'a handler of a stream is a generator (async *), or returns something that can be iterated',
  )
}
