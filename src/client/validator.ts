import type {
  ChunkOf,
  PlainOptions,
  QueryOf,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../contract/definition.js'
import type { Door } from '../doors/door.js'
import { startEngine } from '../engine.js'
import { LevinError } from '../errors.js'
import type { MetagraphSource } from '../metagraph/source.js'
import { checkKeys } from '../options.js'
import type { Dialler } from '../transport/engine.js'
import type { Link } from '../transport/link.js'
import { defaultQuicOptions } from '../transport/quic-options.js'
import { watchLoop } from '../watchdog/watchdog.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { AnswerMemory } from './answer-memory.js'
import { Attempt } from './attempt.js'
import { type Axon, checkAxon } from './axon.js'
import {
  type CallOptions,
  checkCallOptions,
  checkSignal,
  checkStreamOptions,
  limitsOf,
  NO_OPTIONS,
  type StreamCallOptions,
} from './call-options.js'
import { Caller, type RequestFor } from './caller.js'
import { type FollowOptions, follow, type Unfollow } from './follow.js'
import type { QueryMiddleware } from './middleware.js'
import { MinerConnection } from './miner-connection.js'
import {
  checkTimeout,
  checkValidatorOptions,
  type ValidatorOptions,
  type ValidatorSettings,
} from './options.js'
import { Pool } from './pool.js'
import type { Answer } from './query.js'
import {
  checkQueryAll,
  checkStreamAll,
  type Outcome,
  type QueryAllOptions,
  type StreamAllOptions,
} from './round.js'
import type { ValidatorStats } from './stats.js'
import { Observers, type ValidatorEvents } from './watch.js'

export interface ConnectOptions {
  /** Milliseconds for connecting and the handshake together. Default: the validator's `connectTimeoutMs`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * Asks miners over QUIC, or by HTTP those whose axon or `follow` says so.
 *
 * @example
 * const validator = new Validator({ signer: seedSigner(seed) })
 * const outcomes = await validator.queryAll(axons, Forecast, { city: 'Oslo', days: 3 }, { deadlineMs: 12_000 })
 * for (const outcome of outcomes) console.log(outcome.axon.hotkey, outcome.ok ? outcome.data : outcome.code)
 */
export class Validator {
  readonly #settings: ValidatorSettings
  readonly #observers: Observers
  /** Of all its miners' answers. */
  readonly #memory: AnswerMemory
  readonly #pool: Pool
  readonly #caller: Caller
  /** Made by the first who dials, which loads the engine. */
  #dialler: Promise<Dialler> | undefined
  readonly #links = new Set<Link>()
  readonly #attempts = new Set<Attempt>()
  #unwatch = (): void => {}
  #closed = false

  /** @throws LevinError CONFIG for an option that is missing, unknown or out of range */
  constructor(options: ValidatorOptions) {
    this.#settings = checkValidatorOptions(options)
    const { answerMemoryBytes, clock, logger } = this.#settings
    this.#observers = new Observers(logger, clock)
    this.#memory = new AnswerMemory(answerMemoryBytes, clock)
    this.#pool = new Pool(this.#settings, () => this.#theDialler(), this.#memory, this.#observers)
    this.#caller = new Caller(this.#settings, this.#pool, this.#observers)
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
    this.#caller.use(middleware)
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
    return this.#caller.query(axon, synapse, request, limitsOf(options, this.#settings.clock))
  }

  /**
   * Asks many miners at once. Never rejects but for CONFIG, which is a mistake in the options.
   * @param request one for all, validated and encoded once; or a function of the axon, for a task of its own for each
   * @returns one outcome a target, in the order of the targets
   */
  async queryAll<O extends PlainOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: QueryAllOptions = NO_OPTIONS,
  ): Promise<Outcome<ResponseOf<O>, A>[]> {
    checkQueryAll(options)
    return this.#caller.queryRound(axons, synapse, request, options).all()
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
    checkQueryAll(options)
    return this.#caller.queryRound(axons, synapse, request, options).each()
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
    return this.#caller.stream(axon, synapse, request, options)
  }

  /**
   * Streams of many miners at once, each read to its end: an outcome's `data` are its chunks, of at most
   * `maxStreamBytes`. Never rejects but for CONFIG.
   * @returns one outcome a target, in the order of the targets
   */
  async streamAll<O extends StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions = NO_OPTIONS,
  ): Promise<Outcome<ChunkOf<O>[], A>[]> {
    checkStreamAll(options)
    return this.#caller.streamRound(axons, synapse, request, options).all()
  }

  /** As `streamAll`, but the outcomes come one by one, each when its stream is over. */
  streamEach<O extends StreamOptions, A extends Axon>(
    axons: readonly A[],
    synapse: SynapseDefinition<O>,
    request: RequestFor<QueryOf<O>, A>,
    options: StreamAllOptions = NO_OPTIONS,
  ): AsyncIterableIterator<Outcome<ChunkOf<O>[], A>> {
    checkStreamAll(options)
    return this.#caller.streamRound(axons, synapse, request, options).each()
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
    const setMiners = async (axons: readonly Axon[], doors: readonly Door[]): Promise<void> => {
      if (!this.#closed) await this.#pool.setMiners(axons, false, doors)
    }
    return follow(source, options, setMiners, this.#settings.logger)
  }

  /**
   * The miners that `setMiners` or `follow` listed last, whether they are connected or not. Which door one answers by is in
   * `stats()`.
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
   * A connection to one miner by QUIC, in hand: apart from the pool, without middleware, not mended and not counted.
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
    if ((axon.door ?? 'quic') !== 'quic')
      throw new LevinError('CONFIG', `connect: by ${axon.door} there is no connection to hold: use query()`)
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
      const owner = { onClosed: () => this.#links.delete(link) }
      return new MinerConnection(axon, link, this.#settings, owner, this.#memory)
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
    const { clock, engine: choice, hangMs, idleTimeoutMs, keepAliveMs, logger } = this.#settings
    this.#unwatch = watchLoop(hangMs, logger)
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
    this.#unwatch()
    this.#settings.noise.stop()
    this.#dialler?.then(
      (dialler) => dialler.close(),
      () => {}, // who dialled was told what was wrong
    )
  }
}

const CONNECT_KEYS: readonly (keyof ConnectOptions)[] = ['timeoutMs', 'signal']
