/** Runs calls: finds the route, keeps the deadline, writes the answer or the stream. */
import type { Clock } from '../../clock.js'
import type { Door } from '../../doors/door.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import { shown } from '../../shown.js'
import type { Summary } from '../../summary.js'
import type { Address } from '../../transport/link.js'
import type { SynapsePacket } from '../../wire/messages.js'
import { LiveCall } from '../call.js'
import type { CallOutcome, Observers } from '../watch.js'
import { BadAnswer, failureOf, HandlerTimeout, hasCode, outcomeOf } from './outcome.js'
import type { Reply } from './reply.js'
import type { Route } from './route.js'

/** Who asks. */
export interface Caller {
  /** SS58. */
  readonly hotkey: string
  readonly remote: Address
  readonly door: Door
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
}

/** Of the words with which a request was refused: they name faults of it. */
export const MOST_REASON = 1024

export class Dispatcher {
  readonly #routes: ReadonlyMap<string, Route>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #callLogger: Logger
  /** In no order; each task knows its place. Not a Set, for the garbage that one leaves: see transport/turn.ts. */
  readonly #running: Task[] = []
  #whenIdle: (() => void)[] = []
  readonly #observers: Observers
  readonly #noise: Summary
  /** Calls of synapses that there are not. */
  unrecognized = 0

  constructor(
    routes: ReadonlyMap<string, Route>,
    { callLogger, clock, logger }: DispatcherSettings,
    observers: Observers,
    noise: Summary,
  ) {
    this.#routes = routes
    this.#noise = noise
    this.#observers = observers
    this.#clock = clock
    this.#logger = logger
    this.#callLogger = callLogger
  }

  route(synapse: string): Route | undefined {
    return this.#routes.get(synapse)
  }

  /** Starts a call, or answers at once that there is no such synapse. */
  dispatch(packet: SynapsePacket, caller: Caller, reply: Reply): Running | undefined {
    const route = this.#routes.get(packet.synapseType)
    if (route === undefined) {
      this.unrecognized++
      reply.fail({ failure: 'unknownSynapse' }, false)
      return undefined
    }
    const call = new LiveCall(
      {
        caller: caller.hotkey,
        remote: caller.remote,
        door: caller.door,
        deadline: this.#clock.unixMs() + route.timeoutMs,
        logger: this.#callLogger,
      },
      packet,
    )
    route.tally.running++
    caller.callStarted()
    const task = new Task(route, call, caller, reply, this.#clock, this)
    task.place = this.#running.push(task) - 1
    task.start()
    return task
  }

  /** Its outcome is known, and counts from now on: its handler may run for long, or for ever. */
  settled({ call, route, startedAt }: Task, outcome: CallOutcome, error?: unknown): void {
    route.tally[outcome]++
    if (!this.#observers.hears('call')) return
    const { id, caller, door, synapse } = call
    const durationMs = this.#clock.monotonicMs() - startedAt
    this.#observers.tell('call', { id, synapse, caller, door, outcome, durationMs, error })
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
}

/** One call and its reply. What settles first (answer, deadline, cancel) wins. */
class Task implements Running {
  /** Where the dispatcher keeps it. */
  place = 0
  readonly route: Route
  readonly call: LiveCall
  readonly caller: Caller
  readonly startedAt: number
  #isSettled = false
  readonly #reply: Reply
  readonly #clock: Clock
  readonly #dispatcher: Dispatcher
  /** The call's deadline by the clock that does not jump. */
  #dueMs: number
  #cancelTimer: () => void
  #resumePump: (() => void) | undefined

  constructor(
    route: Route,
    call: LiveCall,
    caller: Caller,
    reply: Reply,
    clock: Clock,
    dispatcher: Dispatcher,
  ) {
    this.route = route
    this.call = call
    this.caller = caller
    this.startedAt = clock.monotonicMs()
    this.#reply = reply
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
    const answer = this.#reply.encodeAnswer(this.route.answer(value))
    this.#settle()
    this.#reply.end(answer)
    this.#dispatcher.settled(this, 'answered')
  }

  async #pump(): Promise<void> {
    const items = await this.route.run(this.call)
    if (this.#isSettled) return // a middleware took too long, and the generator has not begun
    for await (const item of iterate(items)) {
      if (this.caller.egress.isFull) await this.#room()
      if (this.#isSettled) return // leaves the loop, which ends the handler's generator
      if (!this.#reply.write(this.#reply.encodeChunk(this.route.chunk(item)))) await this.#drain()
      if (this.#isSettled) return
    }
    if (this.#isSettled) return
    this.#settle()
    this.#reply.end()
    this.#dispatcher.settled(this, 'answered')
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
    this.#settle()
    const isForeseen = outcome === 'failed' && hasCode(error)
    this.#reply.fail({ failure: failureOf(error), id: call.id, isForeseen }, isStream)
    this.#dispatcher.settled(this, outcome, error)
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
    if (!this.#isSettled) {
      this.#settle()
      this.#dispatcher.settled(this, 'aborted')
    }
    this.#stop(new LevinError('ABORTED', reason))
  }

  /** Nothing else counts from here on. */
  #settle(): void {
    this.#isSettled = true
    this.#cancelTimer()
  }

  /** Lets the handler know, and a pump that waits for the peer go on to its end. */
  #stop(reason: Error): void {
    this.call.abort(reason)
    this.drained()
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
