import { randomFillSync } from 'node:crypto'
import { Call } from '../contract/call.js'
import type { Door } from '../doors/door.js'
import { LevinError } from '../errors.js'
import { type Logger, withFields } from '../logger.js'
import type { Address } from '../transport/link.js'
import type { SynapsePacket } from '../wire/messages.js'
import type { EncodedMap, SynapseData } from '../wire/value.js'

const ID_BYTES = 8
/** Ids to come. Many at a time: a draw costs 2 us, however little is drawn. */
const randomness = Buffer.alloc(512 * ID_BYTES)
let used = randomness.length

function drawId(): string {
  if (used === randomness.length) {
    randomFillSync(randomness)
    used = 0
  }
  const start = used
  used += ID_BYTES
  return randomness.toString('hex', start, used)
}

/** What a call is made of. */
export interface CallOrigin {
  readonly caller: string
  readonly remote: Address
  readonly door: Door
  readonly deadline: number
  readonly logger: Logger
}

/** A call that runs: what the handler sees, and what only the dispatcher may do with it. */
export class LiveCall extends Call {
  readonly caller: string
  readonly remote: Address
  readonly door: Door
  readonly synapse: string
  readonly traceparent: string | undefined
  deadline: number
  /** Who keeps the deadline. */
  keeper: { limitTo(ms: number): void } | undefined
  /** The request's data, decoded and not validated. */
  readonly body: SynapseData
  readonly #packet: SynapsePacket
  readonly #logger: Logger
  #id: string | undefined
  #log: Logger | undefined
  #controller: AbortController | undefined
  #abortReason: Error | undefined
  #isHandled = true
  #whenHandled: (() => void) | undefined
  #isDone = false
  #whenDone: (() => void)[] | undefined

  constructor(origin: CallOrigin, packet: SynapsePacket) {
    super()
    this.caller = origin.caller
    this.remote = origin.remote
    this.door = origin.door
    this.deadline = origin.deadline
    this.#logger = origin.logger
    this.#packet = packet
    this.synapse = packet.synapseType
    this.traceparent = packet.traceparent
    this.body = packet.data
  }

  /** Drawn when it is first asked for; at random, since a counter would tell peers how busy we are. */
  get id(): string {
    this.#id ??= drawId()
    return this.#id
  }

  get data(): EncodedMap {
    return this.#packet.encodedData
  }

  /** Made when it is first asked for: an AbortController costs more than everything else here. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  get log(): Logger {
    this.#log ??= withFields(this.#logger, { call: this.id, caller: this.caller, synapse: this.synapse })
    return this.#log
  }

  /** Why nothing more of it may begin: nobody waits for its answer any more, or it is over. Undefined as long as it may. */
  get whyEnded(): Error | undefined {
    if (this.#abortReason !== undefined || !this.#isDone) return this.#abortReason
    return new LevinError('ABORTED', 'the call was over before its handler began')
  }

  limitTo(ms: number): void {
    this.keeper?.limitTo(ms)
  }

  /** Nobody waits for the answer any more. */
  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return
    this.#abortReason = reason
    this.#controller?.abort(reason)
  }

  handlerBegins(): void {
    this.#isHandled = false
  }

  handlerEnds(): void {
    this.#isHandled = true
    this.#whenHandled?.()
  }

  /** Whether no handler runs; one still does when a middleware answered without waiting for it. */
  get isHandled(): boolean {
    return this.#isHandled
  }

  /** Runs it when the handler that still does has ended. */
  whenHandled(run: () => void): void {
    this.#whenHandled = run
  }

  onDone(run: () => void): void {
    if (this.#isDone) run()
    else {
      this.#whenDone ??= []
      this.#whenDone.push(run)
    }
  }

  /** @param threw hears what a function of `onDone` threw */
  done(threw: (call: LiveCall, error: unknown) => void = logged): void {
    this.#isDone = true
    for (const run of this.#whenDone ?? []) {
      try {
        run()
      } catch (error) {
        threw(this, error)
      }
    }
    this.#whenDone = undefined
  }
}

const logged = ({ log }: LiveCall, error: unknown): void =>
  log.error('a function of onDone() threw', { error })
