import type {
  ChunkOf,
  PlainOptions,
  QueryOf,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../contract/definition.js'
import { startEngine } from '../engine.js'
import { LevinError } from '../errors.js'
import type { MetagraphSource } from '../metagraph/source.js'
import { checkKeys } from '../options.js'
import type { Dialler } from '../transport/engine.js'
import type { Link } from '../transport/link.js'
import { defaultQuicOptions } from '../transport/quic-options.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { Attempt } from './attempt.js'
import { type Axon, checkAxon } from './axon.js'
import { callError } from './call-error.js'
import {
  CALL_KEYS,
  type CallOptions,
  checkCallOptions,
  checkSignal,
  checkStreamOptions,
  NO_OPTIONS,
  STREAM_KEYS,
  type StreamCallOptions,
  TRACEPARENT,
} from './call-options.js'
import { type FollowOptions, follow, type Unfollow } from './follow.js'
import { LazyStream } from './lazy-stream.js'
import { type Onward, type QueryMiddleware, runMiddleware } from './middleware.js'
import { MinerConnection } from './miner-connection.js'
import {
  checkTimeout,
  checkValidatorOptions,
  type ValidatorOptions,
  type ValidatorSettings,
} from './options.js'
import { Pool } from './pool.js'
import type { Answer } from './query.js'
import { describe, EncodedRequest } from './request.js'
import {
  checkOfMany,
  OF_MANY_KEYS,
  type Outcome,
  type QueryAllOptions,
  Round,
  type Share,
  type StreamAllOptions,
} from './round.js'
import type { ValidatorStats } from './stats.js'
import { type MinerTally, Observers, type ValidatorEvents } from './watch.js'

export interface ConnectOptions {
  /** Milliseconds for connecting and the handshake together. Default: the validator's `connectTimeoutMs`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** One request for all, or what makes each miner's own. */
export type RequestFor<T, A extends Axon> = T | ((axon: A) => T)

/**
 * Asks miners over QUIC.
 *
 * @example
 * const validator = new Validator({ signer: seedSigner(seed) })
 * const outcomes = await validator.queryAll(axons, Forecast, { city: 'Oslo', days: 3 }, { deadlineMs: 12_000 })
 * for (const outcome of outcomes) console.log(outcome.axon.hotkey, outcome.ok ? outcome.data : outcome.code)
 */
export class Validator {
  readonly #settings: ValidatorSettings
  readonly #observers: Observers
  readonly #pool: Pool
  readonly #middleware: QueryMiddleware[] = []
  #hasAsked = false
  /** Made by the first who dials, which loads the engine. */
  #dialler: Promise<Dialler> | undefined
  readonly #links = new Set<Link>()
  readonly #attempts = new Set<Attempt>()
  #closed = false

  /** @throws LevinError CONFIG for an option that is missing, unknown or out of range */
  constructor(options: ValidatorOptions) {
    this.#settings = checkValidatorOptions(options)
    this.#observers = new Observers(this.#settings.logger, this.#settings.clock)
    this.#pool = new Pool(this.#settings, () => this.#theDialler(), this.#observers)
  }

  /** SS58. */
  get hotkey(): string {
    return this.#settings.signer.hotkey
  }

  /**
   * Runs around each call of `query`, `stream` and their forms for many, in the order of `use`.
   * @throws LevinError CONFIG after the first call
   */
  use(middleware: QueryMiddleware): this {
    if (typeof middleware !== 'function')
      throw new LevinError('CONFIG', 'use(): a middleware is a function (query, next) => next()')
    if (this.#hasAsked)
      throw new LevinError('CONFIG', 'use() came after the first call: give all middleware before it')
    this.#middleware.push(middleware)
    return this
  }

  /**
   * Asks one miner, over a connection that is kept: made by the first call, and anew by the next one after it was lost.
   * A request that may have run is never sent again.
   *
   * A miner that `setMiners` listed is asked at the address of the list, any other at the axon's.
   * @throws LevinError CANNOT_CONNECT, HANDSHAKE_REFUSED, WRONG_PEER, TIMED_OUT, PEER_ERROR, PROTOCOL, INVALID_ANSWER, INVALID_REQUEST, CONNECTION_LOST, ABORTED, LIMIT; CONFIG
   */
  async query<O extends PlainOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options: CallOptions = NO_OPTIONS,
  ): Promise<Answer<ResponseOf<O>>> {
    checkCallOptions(options)
    return this.#query(axon, synapse, request, request, options)
  }

  /**
   * Asks many miners at once. Never rejects but for CONFIG, which is a mistake in the options.
   * @param request one for all, validated and encoded once; or a function of the axon, for a task of its own for each
   * @returns one outcome a target, in the order of the targets
   */
  queryAll<O extends PlainOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: QueryAllOptions = NO_OPTIONS,
  ): Promise<Outcome<ResponseOf<O>, A>[]> {
    // an async function, so that a mistake in the options is a rejection, as that of `query`
    return Promise.resolve().then(() => this.#queryRound(axons, synapse, request, options).all())
  }

  /**
   * As `queryAll`, but the outcomes come one by one, as they arrive. Leaving the loop cancels what still runs.
   * @throws LevinError CONFIG for a mistake in the options
   */
  queryEach<O extends PlainOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: QueryAllOptions = NO_OPTIONS,
  ): AsyncIterableIterator<Outcome<ResponseOf<O>, A>> {
    return this.#queryRound(axons, synapse, request, options).each()
  }

  /**
   * Asks one miner for a stream, over the connection that is kept. Nothing is sent before the first chunk is asked for.
   * @throws what `query` throws, from the loop; INVALID_REQUEST and LIMIT at once
   */
  stream<O extends StreamOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options: StreamCallOptions = NO_OPTIONS,
  ): AsyncIterableIterator<ChunkOf<O>> {
    checkStreamOptions(options)
    const encoded = this.#encoded(axon, synapse, request)
    return this.#stream(axon, synapse, request, encoded, options)
  }

  /**
   * Streams of many miners at once, each read to its end: an outcome's `data` are its chunks, of at most
   * `maxStreamBytes`. Never rejects but for CONFIG.
   * @returns one outcome a target, in the order of the targets
   */
  streamAll<O extends StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions = NO_OPTIONS,
  ): Promise<Outcome<ChunkOf<O>[], A>[]> {
    return Promise.resolve().then(() => this.#streamRound(axons, synapse, request, options).all())
  }

  /** As `streamAll`, but the outcomes come one by one, each when its stream is over. */
  streamEach<O extends StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions = NO_OPTIONS,
  ): AsyncIterableIterator<Outcome<ChunkOf<O>[], A>> {
    return this.#streamRound(axons, synapse, request, options).each()
  }

  #queryRound<O extends PlainOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: QueryAllOptions,
  ): Round<ResponseOf<O>, A> {
    checkCallOptions(options, QUERY_ALL_KEYS)
    checkOfMany(options)
    const requestFor = this.#requestFor(synapse, request)
    const { timeoutMs } = options
    const ask = (axon: A, share: Share) => {
      const [given, encoded] = requestFor(axon)
      return this.#query(axon, synapse, given, encoded, shared({ timeoutMs }, share))
    }
    return new Round(axons, ask, options, this.#settings.clock)
  }

  #streamRound<O extends StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions,
  ): Round<ChunkOf<O>[], A> {
    checkStreamOptions(options, STREAM_ALL_KEYS)
    checkOfMany(options)
    const { clock } = this.#settings
    const requestFor = this.#requestFor(synapse, request)
    const { timeoutMs, maxStreamBytes } = options
    const ask = async (axon: A, share: Share) => {
      const began = clock.monotonicMs()
      const [given, encoded] = requestFor(axon)
      const limits = shared({ timeoutMs, maxStreamBytes }, share)
      const data: ChunkOf<O>[] = []
      for await (const chunk of this.#stream(axon, synapse, given, encoded, limits)) data.push(chunk)
      return { data, latencyMs: clock.monotonicMs() - began }
    }
    return new Round(axons, ask, options, clock)
  }

  /** The request of each miner as it was given, and as it is sent: one for all is encoded when it is first needed. */
  #requestFor<O extends PlainOptions | StreamOptions, A extends Axon>(
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
  ): (axon: A) => [given: QueryOf<O>, encoded: EncodedRequest] {
    if (typeof request === 'function') {
      const make = request as (axon: A) => QueryOf<O>
      return (axon) => {
        const given = made(axon, synapse, make)
        return [given, this.#encoded(axon, synapse, given)]
      }
    }
    const given = request as QueryOf<O>
    let encoded: EncodedRequest | undefined
    return (axon) => {
      encoded ??= this.#encoded(axon, synapse, given)
      return [given, encoded]
    }
  }

  #encoded(axon: Axon, synapse: SynapseDefinition, request: unknown): EncodedRequest {
    try {
      return new EncodedRequest(synapse, request, this.#settings)
    } catch (error) {
      throw callError(error, axon.hotkey, synapse.name)
    }
  }

  async #query<O extends PlainOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    encoded: QueryOf<O> | EncodedRequest,
    options: CallOptions,
  ): Promise<Answer<ResponseOf<O>>> {
    const began = this.#settings.clock.monotonicMs()
    const tally = this.#begin(axon, synapse)
    try {
      // The deadline is for all that middleware does, and all its attempts.
      const remainingMs = this.#remaining(options, began)
      const ask = (left = options) => this.#ask(axon, synapse, encoded as QueryOf<O>, left)
      const answer =
        this.#middleware.length === 0
          ? await ask()
          : await this.#around(axon, synapse, request, options, remainingMs, (onward) =>
              ask(traced(leftOf(options, remainingMs()), onward)),
            )
      tally.answered++
      tally.latency.add(answer.latencyMs)
      this.#done(axon, synapse, tally, began)
      return answer as Answer<ResponseOf<O>>
    } catch (thrown) {
      throw this.#done(axon, synapse, tally, began, thrown)
    }
  }

  async #ask<O extends PlainOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options: CallOptions,
  ): Promise<Answer<ResponseOf<O>>> {
    const ready = this.#ready(axon)
    if (ready !== undefined) return ready.query(synapse, request, options)
    const [connection, left] = await this.#connection(axon, options)
    return connection.query(synapse, request, left)
  }

  #stream<O extends StreamOptions>(
    axon: Axon,
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    encoded: EncodedRequest,
    options: StreamCallOptions,
  ): AsyncIterableIterator<ChunkOf<O>> {
    let tally: MinerTally
    let began = 0
    const remainingMs = () => this.#remaining(options, began)()
    const open = async (onward: Onward = {}) => {
      const limits = traced(leftOf(options, remainingMs()), onward)
      const [connection, left] = await this.#connection(axon, limits)
      return connection.stream(synapse, encoded as unknown as QueryOf<O>, left)
    }
    const openAround = async (): Promise<AsyncIterator<ChunkOf<O>>> => {
      began = this.#settings.clock.monotonicMs()
      tally = this.#begin(axon, synapse)
      if (this.#middleware.length === 0) return open()
      const ask = async (onward: Onward) => ({
        data: await open(onward),
        latencyMs: this.#settings.clock.monotonicMs() - began,
      })
      const { data } = await this.#around(axon, synapse, request, options, remainingMs, ask)
      return (data as AsyncIterable<ChunkOf<O>>)[Symbol.asyncIterator]()
    }
    return new LazyStream(
      () => openAround().catch((error) => Promise.reject(callError(error, axon.hotkey, synapse.name))),
      (error) => {
        if (error === undefined) tally.answered++
        this.#done(axon, synapse, tally, began, error)
      },
    )
  }

  #around(
    axon: Axon,
    synapse: SynapseDefinition,
    request: unknown,
    { signal }: CallOptions,
    remainingMs: () => number,
    ask: (onward: Onward) => Promise<Answer<unknown>>,
  ): Promise<Answer<unknown>> {
    return runMiddleware(this.#middleware, { axon, synapse, request, signal, remainingMs }, ask)
  }

  /** Milliseconds until the deadline of a call that began then. */
  #remaining({ deadlineMs }: CallOptions, began: number): () => number {
    const { clock } = this.#settings
    if (deadlineMs === undefined) return () => Number.POSITIVE_INFINITY
    return () => Math.max(0, began + deadlineMs - clock.monotonicMs())
  }

  #ready(axon: Axon): MinerConnection | undefined {
    if (this.#closed) throw closed()
    return this.#pool.ready(axon)
  }

  /** A connection, and the options with what is left of the deadline. */
  async #connection<C extends CallOptions>(axon: Axon, options: C): Promise<[MinerConnection, C]> {
    const { clock } = this.#settings
    const { deadlineMs, signal } = options
    const ready = this.#ready(axon)
    if (ready !== undefined) return [ready, options]
    const deadlineAtMs = deadlineMs === undefined ? undefined : clock.monotonicMs() + deadlineMs
    const connection = await this.#pool.connection(axon, { signal, deadlineAtMs })
    if (deadlineAtMs === undefined) return [connection, options]
    const leftMs = Math.max(1, Math.ceil(deadlineAtMs - clock.monotonicMs()))
    return [connection, { ...options, deadlineMs: leftMs }]
  }

  /** @throws LevinError CONFIG for a definition or an axon that is none */
  #begin(axon: Axon, synapse: SynapseDefinition): MinerTally {
    this.#hasAsked = true
    if (this.#closed) throw closed()
    describe(synapse)
    const tally = this.#pool.tally(axon)
    tally.running++
    return tally
  }

  #done(axon: Axon, synapse: SynapseDefinition, tally: MinerTally, began: number): undefined
  #done(axon: Axon, synapse: SynapseDefinition, tally: MinerTally, began: number, thrown: unknown): LevinError
  #done(
    axon: Axon,
    synapse: SynapseDefinition,
    tally: MinerTally,
    began: number,
    thrown?: unknown,
  ): LevinError | undefined {
    const error = thrown === undefined ? undefined : asCallError(thrown, axon, synapse)
    tally.running--
    if (error !== undefined) tally.fail(error.code)
    if (this.#observers.hears('call')) {
      const durationMs = this.#settings.clock.monotonicMs() - began
      const outcome = error?.code ?? 'answered'
      this.#observers.tell('call', { axon, synapse: synapse.name, outcome, durationMs, error })
    }
    return error
  }

  /**
   * Makes the pool what a list of miners says: absent ones are closed (`miner_deregistered`), moved ones as well
   * (`miner_addr_changed`), and all that are not connected are, a few hundred at a time. Several hotkeys at one address
   * share one connection. Miners that were asked without being on the list are forgotten, too.
   * @returns when each address was tried once; that some cannot be reached is in `stats()`, and no error
   * @throws LevinError CONFIG for an axon that cannot be dialled, or a hotkey at two addresses; LIMIT for more addresses than `maxConnections`. Then nothing has changed
   */
  async setMiners(axons: readonly Axon[]): Promise<void> {
    await this.#pool.setMiners(axons)
  }

  /**
   * Makes the miners those of a subnet, now and whenever they change there: who is new is connected, who moved is connected
   * where it is now, who left is closed. A miner that does not answer is tried as often as any other that failed, once a
   * minute in the end, however often the list changes: many axons on the chain speak no QUIC.
   *
   * A source that fails changes nothing. One list counts: following a second source, or `setMiners`, takes its place.
   * @param source started with it
   * @returns when each miner was tried once: what ends the following, and leaves the miners as they are
   * @throws LevinError CONFIG, LIMIT as `setMiners` for the first list, and what the start of the source throws; what is
   *   wrong with a later list is in the log
   */
  follow(source: MetagraphSource, options: FollowOptions = {}): Promise<Unfollow> {
    const setMiners = async (axons: readonly Axon[]): Promise<void> => {
      if (!this.#closed) await this.#pool.setMiners(axons, false)
    }
    return follow(source, options, setMiners, this.#settings.logger)
  }

  /**
   * The miners that `setMiners` or `follow` listed last, whether they are connected or not.
   *
   * @example await validator.queryAll(validator.miners(), Forecast, { city: 'Oslo', days: 3 })
   */
  miners(): Axon[] {
    return this.#pool.miners()
  }

  /** SS58 hotkeys of the miners that are connected and have proved themselves. */
  authenticated(): string[] {
    return this.#pool.authenticated()
  }

  /** What there is now, and what was counted of each miner since the validator knows it. */
  stats(): ValidatorStats {
    return this.#pool.stats()
  }

  /**
   * @returns what takes the listener away again
   * @throws LevinError CONFIG for what never happens, or cannot be called
   */
  on<K extends keyof ValidatorEvents>(kind: K, listener: (event: ValidatorEvents[K]) => void): () => void {
    return this.#observers.on(kind, listener)
  }

  /**
   * A connection to one miner, in hand: apart from the pool, without middleware, not mended and not counted.
   *
   * A hotkey has one connection to a miner: a second `connect` to the same miner, a `query` to it through the pool, or
   * any other process with the same hotkey, replaces the first, whose calls then fail with CONNECTION_LOST (`replaced`).
   * @throws LevinError CANNOT_CONNECT, HANDSHAKE_REFUSED, WRONG_PEER, PROTOCOL, TIMED_OUT, ABORTED, CONNECTION_LOST; CONFIG
   */
  async connect(axon: Axon, options: ConnectOptions = {}): Promise<MinerConnection> {
    checkAxon(axon)
    checkKeys('connect', options, CONNECT_KEYS)
    const { signal } = options
    if (signal !== undefined) checkSignal('connect', signal)
    const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? this.#settings.connectTimeoutMs)
    if (this.#closed) throw new LevinError('CONFIG', 'connect() came after close(): make a new Validator')
    const attempt = new Attempt(axon, new Set([axon.hotkey]), this.#settings, this.#theDialler(), timeoutMs)
    this.#attempts.add(attempt)
    const onAbort = () =>
      attempt.giveUp(new LevinError('ABORTED', 'the caller aborted', { cause: signal?.reason }))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    try {
      const { link } = await attempt.result
      this.#links.add(link)
      return new MinerConnection(axon, link, this.#settings, { onClosed: () => this.#links.delete(link) })
    } finally {
      this.#attempts.delete(attempt)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #theDialler(): Promise<Dialler> {
    this.#dialler ??= this.#makeDialler()
    return this.#dialler
  }

  async #makeDialler(): Promise<Dialler> {
    const { clock, engine: choice, idleTimeoutMs, keepAliveMs, logger } = this.#settings
    const engine = await startEngine(choice, logger)
    return engine.dialler({ ...defaultQuicOptions, idleTimeoutMs, keepAliveMs, maxPeerStreams: 0 }, clock)
  }

  /** Closes every connection: calls that run fail with CONNECTION_LOST, and `connect` with ABORTED. Idempotent. */
  close(): void {
    this.#closed = true
    for (const attempt of this.#attempts)
      attempt.giveUp(new LevinError('ABORTED', 'the validator was closed'))
    for (const link of this.#links) link.close(CLOSE_CODE, CloseReason.clientShutdown)
    this.#pool.close()
    this.#settings.noise.stop()
    this.#dialler?.then(
      (dialler) => dialler.close(),
      () => {}, // who dialled was told what was wrong
    )
  }
}

const traced = <C extends CallOptions>(options: C, { traceparent }: Onward): C =>
  traceparent === undefined ? options : { ...options, [TRACEPARENT]: traceparent }

const CONNECT_KEYS: readonly (keyof ConnectOptions)[] = ['timeoutMs', 'signal']
const QUERY_ALL_KEYS = [...CALL_KEYS, ...OF_MANY_KEYS]
const STREAM_ALL_KEYS = [...STREAM_KEYS, ...OF_MANY_KEYS]

const closed = (): LevinError => new LevinError('CONFIG', 'the call came after close(): make a new Validator')

/**
 * The options with what is left of the deadline.
 * @throws LevinError TIMED_OUT when that is nothing
 */
function leftOf<C extends CallOptions>(options: C, ms: number): C {
  if (ms === Number.POSITIVE_INFINITY) return options
  if (ms <= 0) throw new LevinError('TIMED_OUT', 'the deadline of the call passed')
  return { ...options, deadlineMs: Math.ceil(ms) }
}

/** Options of one call of many; what is not given is left out. */
function shared<C extends object>(given: C, { signal, deadlineMs }: Share): StreamCallOptions {
  const entries = Object.entries({ ...given, deadlineMs }).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(entries), signal }
}

/** Once: what a connection threw says already who was asked for what. */
function asCallError(thrown: unknown, { hotkey }: Axon, { name }: SynapseDefinition): LevinError {
  const isOne = thrown instanceof LevinError && thrown.miner === hotkey && thrown.synapse === name
  return isOne ? thrown : callError(thrown, hotkey, name)
}

/** @throws LevinError INVALID_REQUEST with what the author's function threw */
function made<T, A extends Axon>(axon: A, { name }: SynapseDefinition, make: (axon: A) => T): T {
  try {
    return make(axon)
  } catch (cause) {
    const text = `the function that makes the request threw: ${LevinError.from(cause).message}`
    throw callError(new LevinError('INVALID_REQUEST', text, { cause }), axon.hotkey, name)
  }
}
