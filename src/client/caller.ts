/** Calls through the pool: prepared, with middleware around them, counted; to one miner, or to many in a round. */
import type {
  ChunkOf,
  PlainOptions,
  QueryOf,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../contract/definition.js'
import { LevinError } from '../errors.js'
import type { Axon } from './axon.js'
import { callError } from './call-error.js'
import { type Limits, limitsOf, type StreamCallOptions } from './call-options.js'
import { LazyStream } from './lazy-stream.js'
import { type Onward, type QueryMiddleware, runMiddleware } from './middleware.js'
import type { ValidatorSettings } from './options.js'
import type { Pool } from './pool.js'
import type { Answer } from './query.js'
import { describe, EncodedRequest } from './request.js'
import { Round, type StreamAllOptions } from './round.js'
import type { MinerTally, Observers } from './watch.js'

/** One request for all, or what makes each miner's own. */
export type RequestFor<T, A extends Axon> = T | ((axon: A) => T)

/** A request as its caller gave it, and what is sent of it. */
interface Prepared {
  readonly given: unknown
  readonly sent: unknown
}

/** Called within the call, whose outcome it is when that throws. */
type Prepare<A extends Axon> = (axon: A) => Prepared

/** A call that was begun, and is counted. */
interface Running {
  readonly tally: MinerTally
  readonly began: number
}

type Ask<T, A extends Axon> = (axon: A, prepare: Prepare<A>, limits: Limits) => Promise<Answer<T>>

export class Caller {
  readonly #settings: ValidatorSettings
  readonly #pool: Pool
  readonly #observers: Observers
  readonly #middleware: QueryMiddleware[] = []
  #hasAsked = false

  constructor(settings: ValidatorSettings, pool: Pool, observers: Observers) {
    this.#settings = settings
    this.#pool = pool
    this.#observers = observers
  }

  /** @throws LevinError CONFIG */
  use(middleware: QueryMiddleware): void {
    if (typeof middleware !== 'function')
      throw new LevinError('CONFIG', 'use(): a middleware is a function (query, next) => next()')
    if (this.#hasAsked)
      throw new LevinError('CONFIG', 'use() came after the first call: give all middleware before it')
    this.#middleware.push(middleware)
  }

  query<O extends PlainOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    limits: Limits,
  ): Promise<Answer<ResponseOf<O>>> {
    return this.#query(axon, synapse, () => ({ given: request, sent: request }), limits)
  }

  queryRound<O extends PlainOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions,
  ): Round<ResponseOf<O>, A> {
    return this.#round(axons, synapse, request, options, (axon, prepare, limits) =>
      this.#query(axon, synapse, prepare, limits),
    )
  }

  /** @throws LevinError INVALID_REQUEST, LIMIT */
  stream<O extends StreamOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options: StreamCallOptions,
  ): AsyncIterableIterator<ChunkOf<O>> {
    const sent = this.#encoded(axon, synapse, request)
    const begin = () => limitsOf(options, this.#settings.clock)
    return this.#stream(axon, synapse, () => ({ given: request, sent }), begin)
  }

  streamRound<O extends StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions,
  ): Round<ChunkOf<O>[], A> {
    const { clock } = this.#settings
    return this.#round(axons, synapse, request, options, async (axon, prepare, limits) => {
      const began = clock.monotonicMs()
      const data: ChunkOf<O>[] = []
      for await (const chunk of this.#stream(axon, synapse, prepare, () => limits)) data.push(chunk)
      return { data, latencyMs: clock.monotonicMs() - began }
    })
  }

  #round<T, O extends PlainOptions | StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions,
    ask: Ask<T, A>,
  ): Round<T, A> {
    const { clock } = this.#settings
    const prepare = this.#prepare(synapse, request)
    const limits = limitsOf(options, clock)
    return new Round(axons, (axon, share) => ask(axon, prepare, share), limits, options, clock)
  }

  /** One request for all is encoded when it is first needed. */
  #prepare<O extends PlainOptions | StreamOptions, A extends Axon>(
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
  ): Prepare<A> {
    if (typeof request === 'function') {
      const make = request as (axon: A) => QueryOf<O>
      return (axon) => {
        const given = made(axon, make)
        return { given, sent: this.#encoded(axon, synapse, given) }
      }
    }
    let sent: EncodedRequest | undefined
    return (axon) => {
      sent ??= this.#encoded(axon, synapse, request)
      return { given: request, sent }
    }
  }

  #encoded(axon: Axon, synapse: SynapseDefinition, request: unknown): EncodedRequest {
    try {
      return new EncodedRequest(synapse, request, this.#settings)
    } catch (error) {
      throw callError(error, axon.hotkey, synapse.name)
    }
  }

  async #query<O extends PlainOptions, A extends Axon>(
    axon: A,
    synapse: SynapseDefinition<O>,
    prepare: Prepare<A>,
    limits: Limits,
  ): Promise<Answer<ResponseOf<O>>> {
    const running = this.#begin(axon, synapse)
    try {
      const { given, sent } = prepare(axon)
      const ask = async (onward?: Onward) => {
        const connection = this.#pool.ready(axon) ?? (await this.#pool.connection(axon, limits))
        return connection.ask(synapse, sent, traced(limits, onward), axon)
      }
      const answer =
        this.#middleware.length === 0 ? await ask() : await this.#around(axon, synapse, given, limits, ask)
      running.tally.latency.add(answer.latencyMs)
      this.#done(axon, synapse, running)
      return answer as Answer<ResponseOf<O>>
    } catch (thrown) {
      const error = asCallError(thrown, axon, synapse)
      this.#done(axon, synapse, running, error)
      throw error
    }
  }

  /** @param begin called with the first chunk that is asked for */
  #stream<O extends StreamOptions, A extends Axon>(
    axon: A,
    synapse: SynapseDefinition<O>,
    prepare: Prepare<A>,
    begin: () => Limits,
  ): AsyncIterableIterator<ChunkOf<O>> {
    let running: Running | undefined
    const open = async (): Promise<AsyncIterator<ChunkOf<O>>> => {
      running = this.#begin(axon, synapse)
      const { began } = running
      const limits = begin()
      const { given, sent } = prepare(axon)
      const ask = async (onward?: Onward) => {
        const connection = await this.#pool.connection(axon, limits)
        return connection.askStream(synapse, sent, traced(limits, onward), axon)
      }
      if (this.#middleware.length === 0) return ask()
      const { data } = await this.#around(axon, synapse, given, limits, async (onward) => ({
        data: await ask(onward),
        latencyMs: this.#settings.clock.monotonicMs() - began,
      }))
      return (data as AsyncIterable<ChunkOf<O>>)[Symbol.asyncIterator]()
    }
    return new LazyStream(
      () => open().catch((error) => Promise.reject(asCallError(error, axon, synapse))),
      (error) => {
        if (running === undefined) return
        this.#done(
          axon,
          synapse,
          running,
          error === undefined ? undefined : asCallError(error, axon, synapse),
        )
      },
    )
  }

  #around(
    axon: Axon,
    synapse: SynapseDefinition,
    request: unknown,
    { deadlineAtMs, signal }: Limits,
    ask: (onward: Onward) => Promise<Answer<unknown>>,
  ): Promise<Answer<unknown>> {
    const remainingMs = () => Math.max(0, deadlineAtMs - this.#settings.clock.monotonicMs())
    return runMiddleware(this.#middleware, { axon, synapse, request, signal, remainingMs }, ask)
  }

  /** @throws LevinError CONFIG for a definition or an axon that is none, and after the end */
  #begin(axon: Axon, synapse: SynapseDefinition): Running {
    this.#hasAsked = true
    if (this.#pool.isClosed)
      throw new LevinError('CONFIG', 'the call came after close(): make a new Validator')
    describe(synapse)
    const tally = this.#pool.tally(axon)
    tally.running++
    return { tally, began: this.#settings.clock.monotonicMs() }
  }

  #done(axon: Axon, synapse: SynapseDefinition, { tally, began }: Running, error?: LevinError): void {
    tally.running--
    if (error === undefined) tally.answered++
    else tally.fail(error.code)
    if (!this.#observers.hears('call')) return
    const durationMs = this.#settings.clock.monotonicMs() - began
    const outcome = error?.code ?? 'answered'
    this.#observers.tell('call', { axon, synapse: synapse.name, outcome, durationMs, error })
  }
}

const traced = (limits: Limits, { traceparent }: Onward = {}): Limits =>
  traceparent === undefined ? limits : { ...limits, traceparent }

/** Once: what a connection threw says already who was asked for what. */
function asCallError(thrown: unknown, { hotkey }: Axon, { name }: SynapseDefinition): LevinError {
  const isOne = thrown instanceof LevinError && thrown.miner === hotkey && thrown.synapse === name
  return isOne ? thrown : callError(thrown, hotkey, name)
}

/** @throws LevinError INVALID_REQUEST with what the author's function threw */
function made<T, A extends Axon>(axon: A, make: (axon: A) => T): T {
  try {
    return make(axon)
  } catch (cause) {
    const text = `the function that makes the request threw: ${LevinError.from(cause).message}`
    throw new LevinError('INVALID_REQUEST', text, { cause })
  }
}
