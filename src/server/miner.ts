import { inspect } from 'node:util'
import { certificateFingerprint } from '../auth/fingerprint.js'
import { settles } from '../clock.js'
import type { Call } from '../contract/call.js'
import {
  type KnownOptions,
  type PlainOptions,
  type StreamOptions,
  type SynapseDefinition,
  synapse,
} from '../contract/definition.js'
import type { Handler } from '../contract/handler.js'
import { handlersOf } from '../decorators/metadata.js'
import { startEngine } from '../engine.js'
import { LevinError } from '../errors.js'
import { checkKeys } from '../options.js'
import { isProcessEnding } from '../signals.js'
import { type Certificate, createCertificate } from '../transport/certificate.js'
import type { Listener } from '../transport/engine.js'
import type { Address } from '../transport/link.js'
import { defaultQuicOptions } from '../transport/quic-options.js'
import { watchLoop } from '../watchdog/watchdog.js'
import { CloseReason } from '../wire/protocol-texts.js'
import { isOpen } from './access/open.js'
import { type AccessPolicy, ruleOf } from './access/rule.js'
import type { LiveCall } from './call.js'
import type { HandlerClass, HandlerScope } from './dispatch/container.js'
import type { Invoke } from './dispatch/route.js'
import { checkHttpOptions, type HttpOptions, type HttpSettings } from './doors/options.js'
import { keptSecret } from './kept-secret.js'
import { checkMinerOptions, type MinerOptions, type MinerSettings } from './options.js'
import type { AnyMiddleware, Middleware, NothingAdded } from './policy/middleware.js'
import { type DeclaredHandler, MinerService } from './service.js'
import type { MinerStats } from './stats.js'
import { type MinerEvents, Observers } from './watch.js'

/** PROTOCOL: the port of a miner unless it says otherwise on the chain. */
const DEFAULT_PORT = 8443

/** For who waits for a start that a signal ended: to tell of it as a failure could end the program before all is closed. */
const never = new Promise<never>(() => {})

export interface ListenAddress {
  /** UDP port; 0 for any that is free. Default 8443. */
  readonly port?: number
  /** IP address of this machine. Default `0.0.0.0`, every IPv4 address; `::` for every IPv6 one. */
  readonly host?: string
  /**
   * Answers by HTTP, too: validators with `bittensor` 10's dendrite, and requests signed as SDK 11 does. `true`: on TCP, at the
   * same address and port number. What plain HTTP does not protect stands at {@link HttpOptions}. Default: no TCP port is
   * open.
   */
  readonly http?: boolean | HttpOptions
}

/**
 * `new` before `listen`, `starting` until it is done; `failed` when the network engine broke and nobody is heard any more;
 * `stopping` while running calls finish, then `closed`.
 */
export type MinerState = 'new' | 'starting' | 'listening' | 'failed' | 'stopping' | 'closed'

/**
 * Answers validators' synapses over QUIC.
 *
 * @example
 * const miner = new Miner({ signer: seedSigner(seed), access: allowlist([validator]) }).register(ForecastMiner)
 * const { port } = await miner.listen({ port: 8091 })
 */
export class Miner<Added extends object = NothingAdded> {
  readonly #settings: MinerSettings
  #access: AccessPolicy
  readonly #observers: Observers
  readonly #middleware: AnyMiddleware[] = []
  readonly #declared = new Map<string, DeclaredHandler>()
  #service: MinerService | undefined
  #listener: Listener | undefined
  #starting: Promise<Address> | undefined
  #closed: Promise<void> | undefined
  #unwatch = (): void => {}
  #state: 'new' | 'listening' | 'closed' = 'new'
  #hasFailed = false
  #isStopped = false

  /** @throws LevinError CONFIG for an option that is missing, unknown or out of range */
  constructor(options: MinerOptions & Fresh<Added>) {
    this.#settings = checkMinerOptions(options)
    this.#access = this.#settings.access
    this.#observers = new Observers(this.#settings.logger, this.#settings.clock)
  }

  /** SS58. */
  get hotkey(): string {
    return this.#settings.signer.hotkey
  }

  /** How far it has come. */
  get state(): MinerState {
    if (this.#isClosed) return this.#isStopped ? 'closed' : 'stopping'
    if (this.#state === 'new') return 'new'
    if (this.#listener === undefined) return 'starting'
    return this.#hasFailed ? 'failed' : 'listening'
  }

  /**
   * Another access policy from now on, also while the miner runs: validators whom it does not admit are closed.
   * @throws LevinError CONFIG for what is no policy, and what the policy's start throws: the one that was there stays
   */
  async setAccess(access: AccessPolicy): Promise<void> {
    ruleOf(access)
    if (this.#service !== undefined) await this.#service.access.replace(access)
    this.#access = access
  }

  /** What it does and did, since `listen`. @throws LevinError CONFIG before */
  stats(): MinerStats {
    if (this.#service !== undefined) return this.#service.stats(this.#listener?.stats())
    throw new LevinError('CONFIG', 'stats() came too early: the miner counts from listen() on')
  }

  /**
   * Calls `listener` whenever it happens; what it throws goes to the log. Any time, also while the miner runs.
   * @returns what takes the listener away again
   * @throws LevinError CONFIG for an event that there is not, or a listener that is no function
   */
  on<K extends keyof MinerEvents>(kind: K, listener: (event: MinerEvents[K]) => void): () => void {
    return this.#observers.on(kind, listener)
  }

  /**
   * Adds a middleware, around the handlers and inside those that were added before it. One that needs what none before
   * it adds does not compile, nor one that adds what the call has already; what it adds is there for the handlers, whose
   * `call` is then `Call & { what: ItIs }`.
   * @throws LevinError CONFIG after `listen`
   */
  use<Adds extends object = NothingAdded>(
    middleware: Middleware<Adds, Added> & Unused<Adds, LiveCall & Added>,
  ): Miner<Added & Adds> {
    this.#mustBeNew('use')
    if (typeof middleware !== 'function') {
      throw new LevinError(
        'CONFIG',
        'use() takes one function (call, next) => ...; was one called that should be passed?',
      )
    }
    this.#middleware.push(middleware)
    return this as unknown as Miner<Added & Adds>
  }

  /**
   * Adds every `@Synapse` method of a class. tsyringe makes the instance, once at `listen`, or with `scope: 'call'`
   * anew for each call.
   * @throws LevinError CONFIG for what is no class, a class without handlers, a name that is taken, or after `listen`
   */
  register<T extends object>(
    type: (new (...args: never[]) => T) & Fits<T, Added>,
    { scope = 'miner' }: { scope?: HandlerScope } = {},
  ): this {
    this.#mustBeNew('register')
    if (typeof type !== 'function' || type.prototype === undefined) throw notAClass(type)
    const handlers = handlersOf(type)
    if (handlers.length === 0) {
      throw new LevinError('CONFIG', `${type.name} has no method with @Synapse('Name', { ... })`)
    }
    for (const { definition, method, worker } of handlers) {
      this.#declare({
        definition,
        where: `${type.name}.${String(method)}`,
        invoke: (container, workers) => {
          if (worker !== undefined) return workers.handler({ type, scope, definition, module: worker })
          const instanceOf = container.instances(type, scope)
          return (request, call) => (instanceOf(call) as Methods)[method]!(request, call)
        },
      })
    }
    return this
  }

  /**
   * Adds one handler without a class: `miner.synapse(Forecast, (query, call) => ...)`, or with a name and options.
   * @throws LevinError CONFIG for a name that is taken, or after `listen`
   */
  synapse<O extends PlainOptions | StreamOptions>(
    definition: SynapseDefinition<O>,
    handler: Handler<O, Added>,
  ): this
  synapse<const O extends PlainOptions | StreamOptions>(
    name: string,
    options: KnownOptions<O>,
    handler: Handler<O, Added>,
  ): this
  synapse(
    ...given:
      | [definition: SynapseDefinition, handler: AnyHandler]
      | [name: string, options: PlainOptions | StreamOptions, handler: AnyHandler]
  ): this {
    this.#mustBeNew('synapse')
    const [definition, handler] = given.length === 2 ? given : [synapse(given[0], given[1]), given[2]]
    if (typeof handler !== 'function') {
      throw new LevinError('CONFIG', `synapse '${definition.name}': the handler is not a function`)
    }
    this.#declare({
      definition,
      where: `miner.synapse('${definition.name}')`,
      invoke: () => handler as unknown as Invoke,
    })
    return this
  }

  #declare(declared: DeclaredHandler): void {
    const { name } = declared.definition
    const other = this.#declared.get(name)
    if (other !== undefined) {
      throw new LevinError(
        'CONFIG',
        `synapse '${name}' is answered twice, by ${other.where} and by ${declared.where}: rename one`,
      )
    }
    this.#declared.set(name, declared)
  }

  /**
   * Makes the handlers' instances, binds the port and answers from here on. Nothing can be added afterwards.
   * @returns the address and port that it listens on
   * @throws LevinError CONFIG when a class cannot be made or validated, the port is taken, or a plugin names a synapse
   *   that this miner does not answer; ABORTED when the miner is closed meanwhile, and nothing when `closeOnSignals`
   *   ends the process
   */
  async listen(address: ListenAddress = {}): Promise<Address> {
    if (this.#isClosed && isProcessEnding()) return never
    this.#mustBeNew('listen')
    checkKeys('listen', address, ['host', 'port', 'http'])
    if (this.#declared.size === 0) {
      throw new LevinError(
        'CONFIG',
        'this miner answers nothing: register(AClass) or synapse(...) before listen()',
      )
    }
    this.#state = 'listening'
    this.#starting = this.#start(address)
    try {
      return await this.#starting
    } catch (error) {
      if (this.#state === 'listening') this.#state = 'new'
      else if (isProcessEnding()) return never
      await this.#closed
      throw error
    }
  }

  async #start({ host = '0.0.0.0', port = DEFAULT_PORT, http }: ListenAddress): Promise<Address> {
    const { hangMs, logger, maxFrameBytes } = this.#settings
    // looked at before anything is started
    const httpSettings =
      http === undefined || http === false ? undefined : checkHttpOptions(http, maxFrameBytes)
    const certificate = createCertificate()
    const fingerprint = certificateFingerprint(certificate.der)
    const service = new MinerService(
      { ...this.#settings, access: this.#access },
      this.#middleware,
      this.#declared.values(),
      fingerprint,
      this.#observers,
    )
    this.#service = service
    try {
      await service.start()
      if (!this.#isClosed) this.#listener = await this.#bind(service, { host, port }, certificate)
      if (!this.#isClosed && httpSettings !== undefined) await this.#openDoors(service, httpSettings)
    } catch (error) {
      this.#service = undefined
      throw error
    }
    if (this.#listener === undefined || this.#isClosed) {
      throw new LevinError('ABORTED', 'the miner was closed before it listened') // close() stops what there is
    }
    this.#unwatch = watchLoop(hangMs, logger)
    if (isOpen(this.#access)) logger.warn('access is open(): every hotkey that can sign is admitted')
    const { address } = this.#listener
    logger.info('miner listening', { hotkey: this.hotkey, ...address, synapses: [...this.#declared.keys()] })
    return address
  }

  /** When the port cannot be had, the service is stopped before anybody hears of it, and may try another one. */
  async #bind(service: MinerService, { host, port }: Address, certificate: Certificate): Promise<Listener> {
    const { clock, idleTimeoutMs, keepAliveMs, limits, logger, maxStreams } = this.#settings
    const { halfOpen: total, halfOpenPerAddress: perSource, newPerMinute } = limits
    const { sourceFilter, validateAddresses } = this.#settings
    try {
      const engine = await startEngine(this.#settings.engine, logger)
      return await engine.listen({
        host,
        port,
        certificate,
        clock,
        quic: { ...defaultQuicOptions, idleTimeoutMs, keepAliveMs, maxPeerStreams: maxStreams },
        peerLimits: limits,
        halfOpenLimits: { total, perSource, newPerMinute },
        validateAddress: validateAddresses,
        resetSecret: this.#settings.resetSecret ?? (await keptSecret(this.hotkey, logger)),
        ...(sourceFilter && { admitsSource: (source) => sourceFilter.admits(source) }),
        isKnownSource: (source) => service.admission.rate.isKnown(source),
        onConnection: (link) => service.accept(link),
        onFailure: (error) => {
          this.#hasFailed = true
          logger.error('the network engine failed: the miner hears nobody', { error })
        },
      })
    } catch (error) {
      await service.stop()
      throw error
    }
  }

  /** TCP beside UDP. When the port cannot be had, nothing stays open. */
  async #openDoors(service: MinerService, settings: HttpSettings): Promise<void> {
    const listener = this.#listener!
    try {
      const { openDoors } = await import('./doors/http-doors.js')
      service.doors = await openDoors(service, settings, listener.address)
    } catch (error) {
      this.#listener = undefined
      await listener.close(CloseReason.serverShutdown)
      await service.stop()
      throw error
    }
  }

  /**
   * Stops: takes nothing new, lets running calls finish and their answers arrive for up to `drainMs`, tells the
   * validators `server_shutdown`, and frees the port. A start that is under way has `drainMs`, too. Safe to call twice.
   */
  close(): Promise<void> {
    this.#state = 'closed'
    this.#closed ??= this.#stop()
    return this.#closed
  }

  async #stop(): Promise<void> {
    const { clock, drainMs, logger } = this.#settings
    const dueMs = clock.monotonicMs() + drainMs
    // What it waits for may never come.
    if (this.#starting !== undefined) await settles(clock, drainMs, this.#starting)
    const doors = this.#service?.doors
    this.#listener?.refuseNew()
    doors?.refuseNew()
    await this.#service?.drain(dueMs - clock.monotonicMs())
    const leftMs = dueMs - clock.monotonicMs()
    await Promise.all([this.#listener?.close(CloseReason.serverShutdown, leftMs), doors?.close(leftMs)])
    await this.#service?.stop()
    this.#isStopped = true
    this.#unwatch()
    logger.info('miner stopped', { hotkey: this.hotkey })
  }

  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #mustBeNew(method: string): void {
    if (this.#state === 'new') return
    const rule =
      this.#state === 'closed'
        ? 'a miner that was closed does not start again'
        : 'everything is fixed at listen()'
    throw new LevinError(
      'CONFIG',
      `${method}() came too late: ${rule}; make a new Miner, or call it before listen()`,
    )
  }
}

/** A miner begins with nothing added, whatever type its context would like it to have. */
type Fresh<Added> = NothingAdded extends Added ? unknown : { 'only use() adds to the call': keyof Added }

/** What a middleware may add: nothing that the call has already, be it hidden from handlers. */
type Unused<Adds, Has> = [keyof Adds & keyof Has] extends [never]
  ? unknown
  : { 'the call has this already': keyof Adds & keyof Has }

/** A class whose methods ask of a call only what middleware adds. */
type Fits<T, Added> = [Unmet<T, Added>] extends [never]
  ? unknown
  : { 'no middleware adds what these methods ask of the call': Unmet<T, Added> }

/** Names of methods that ask for more than a `Call`, and more than what is added to it. */
type Unmet<T, Added> = {
  [K in keyof T]-?: T[K] extends (request: never, call: infer C, ...rest: never[]) => unknown
    ? [Call] extends [C]
      ? never
      : [Extract<C, Call>] extends [never]
        ? never // it takes something else, and is no handler
        : [Call & Added] extends [C]
          ? never
          : K
    : never
}[keyof T]

function notAClass(given: unknown): LevinError {
  const type: unknown = Object(given).constructor
  const isInstance = typeof type === 'function' && handlersOf(type as HandlerClass).length > 0
  const instead = isInstance ? `an instance: register(${type.name})` : inspect(given, { depth: 0 })
  return new LevinError('CONFIG', `register takes the class, not ${instead}`)
}

type AnyHandler = (request: never, call: never) => unknown
type Methods = Record<string | symbol, (request: unknown, call: unknown) => unknown>
