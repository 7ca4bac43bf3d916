/** Runs calls: finds the route, keeps the deadline, writes the answer or the stream. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
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
import { BadAnswer, errorText, HandlerTimeout, isPeersFault } from './outcome.js'
import type { Route } from './route.js'

/** Who asks. */
export interface Caller {
  readonly hotkey: string
  readonly remote: Address
}

/** A call on its way, as the exchange that started it sees it. */
export interface Running {
  /** Nobody waits for the answer any more. */
  cancel(reason: string): void
  /** The stream took all that was written. */
  drained(): void
}

export class Dispatcher {
  readonly #routes: ReadonlyMap<string, Route>
  readonly #clock: Clock
  readonly #logger: Logger
  /** In no order; each task knows its place. Not a Set, for the garbage that one leaves: see transport/turn.ts. */
  readonly #running: Task[] = []
  readonly #idPrefix = randomBytes(3).toString('hex')
  #started = 0
  #whenIdle: (() => void)[] = []

  readonly #maxFrameBytes: number

  constructor(routes: ReadonlyMap<string, Route>, maxFrameBytes: number, clock: Clock, logger: Logger) {
    this.#routes = routes
    this.#maxFrameBytes = maxFrameBytes
    this.#clock = clock
    this.#logger = logger
  }

  isStream(synapse: string): boolean {
    return this.#routes.get(synapse)?.isStream === true
  }

  /** Starts a call, or answers at once that there is no such synapse. */
  dispatch(packet: SynapsePacket, caller: Caller, stream: LinkStream): Running | undefined {
    const route = this.#routes.get(packet.synapseType)
    if (route === undefined) {
      stream.end(this.failure(ErrorText.unrecognizedSynapseType, false))
      return undefined
    }
    const call = new LiveCall(
      {
        id: `${this.#idPrefix}-${++this.#started}`,
        caller: caller.hotkey,
        remote: caller.remote,
        deadline: this.#clock.unixMs() + route.timeoutMs,
        logger: this.#logger,
      },
      packet,
    )
    const task = new Task(route, call, stream, this.#clock, this)
    task.place = this.#running.push(task) - 1
    task.start()
    return task
  }

  /** The frame that says a call failed, in the form that the synapse's callers read. */
  failure(text: ErrorText, isStream: boolean): Uint8Array {
    return isStream
      ? encodeStreamEnd({ success: false, error: text })
      : encodeSynapseResponse({ success: false, data: {}, timestamp: this.#seconds(), error: text })
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

  finished(task: Task): void {
    const last = this.#running.pop()!
    if (last !== task) {
      this.#running[task.place] = last
      last.place = task.place
    }
    if (this.#running.length > 0) return
    for (const resolve of this.#whenIdle.splice(0)) resolve()
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
  readonly #route: Route
  readonly #call: LiveCall
  readonly #stream: LinkStream
  readonly #dispatcher: Dispatcher
  readonly #cancelTimer: () => void
  #settled = false
  #resumePump: (() => void) | undefined

  constructor(route: Route, call: LiveCall, stream: LinkStream, clock: Clock, dispatcher: Dispatcher) {
    this.#route = route
    this.#call = call
    this.#stream = stream
    this.#dispatcher = dispatcher
    this.#cancelTimer = clock.after(route.timeoutMs, () => {
      const timeout = new HandlerTimeout(route.timeoutMs)
      this.#fail(timeout)
      this.#stop(timeout)
    })
  }

  start(): void {
    const done = this.#route.isStream ? this.#pump() : this.#answer()
    done.then(this.#finish, (error: unknown) => {
      this.#fail(error)
      this.#finish()
    })
  }

  readonly #finish = (): void => {
    this.#settle()
    this.#call.release()
    this.#dispatcher.finished(this)
  }

  async #answer(): Promise<void> {
    const value = await this.#route.run(this.#call)
    if (this.#settled) return
    const frame = this.#dispatcher.success(this.#route.answer(value))
    this.#settle()
    if (this.#stream.end(frame)) recycle(frame)
  }

  async #pump(): Promise<void> {
    const items = await this.#route.run(this.#call)
    for await (const item of iterate(items)) {
      if (this.#settled) return // leaves the loop, which ends the handler's generator
      const frame = this.#dispatcher.chunk(this.#route.chunk(item))
      if (this.#stream.write(frame)) recycle(frame)
      else await this.#drain()
      if (this.#settled) return
    }
    if (this.#settled) return
    this.#settle()
    this.#stream.end(encodeStreamEnd({ success: true, error: null }))
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
    if (isPeersFault(error)) this.#call.log.debug('refused a request', { error })
    else if (!this.#call.aborted) this.#call.log.error('a call failed', { error })
    if (this.#settled) return
    this.#settle()
    this.#stream.end(this.#dispatcher.failure(errorText(error, this.#route.isStream), this.#route.isStream))
  }

  cancel(reason: string): void {
    this.#settle()
    this.#stop(new LevinError('ABORTED', reason))
  }

  #settle(): void {
    this.#settled = true
    this.#cancelTimer()
  }

  /** Lets the handler know, and a pump that waits for the peer go on to its end. */
  #stop(reason: Error): void {
    this.#call.abort(reason)
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
