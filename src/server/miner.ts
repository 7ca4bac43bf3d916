import { certificateFingerprint } from '../auth/fingerprint.js'
import { NonceCache } from '../auth/nonce-cache.js'
import {
  type PlainOptions,
  type StreamOptions,
  type SynapseDefinition,
  type SynapseOptions,
  synapse,
} from '../contract/definition.js'
import type { Handler } from '../contract/handler.js'
import { handlersOf } from '../decorators/metadata.js'
import { LevinError } from '../errors.js'
import { createCertificate } from '../transport/certificate.js'
import { Endpoint } from '../transport/endpoint.js'
import type { Address, Link } from '../transport/link.js'
import { defaultQuicOptions } from '../transport/quic-config.js'
import { CloseReason } from '../wire/protocol-texts.js'
import { Admission } from './admission.js'
import { type HandlerClass, type HandlerScope, MinerContainer } from './dispatch/container.js'
import { Dispatcher } from './dispatch/dispatcher.js'
import { createRoute, type Invoke, type Route } from './dispatch/route.js'
import { Exchange, type ExchangeHost } from './exchange.js'
import { checkMinerOptions, type MinerOptions, type MinerSettings } from './options.js'
import { Peers } from './peers.js'
import { isOpen } from './policy/access.js'
import type { Middleware } from './policy/middleware.js'
import { Session } from './session.js'

/** PROTOCOL: the port of a miner unless it says otherwise on the chain. */
const DEFAULT_PORT = 8443

export interface ListenAddress {
  /** UDP port; 0 for any that is free. Default 8443. */
  readonly port?: number
  /** IP address of this machine. Default `0.0.0.0`, every IPv4 address; `::` for every IPv6 one. */
  readonly host?: string
}

interface Declared {
  readonly definition: SynapseDefinition
  /** Where it was declared, for messages. */
  readonly where: string
  /** Made at `listen`, when the container makes the instances. */
  readonly invoke: (container: MinerContainer) => Invoke
}

/**
 * Answers validators' synapses over QUIC.
 *
 * @example
 * const miner = new Miner({ signer: seedSigner(seed), access: allowlist([validator]) }).register(ForecastMiner)
 * const { port } = await miner.listen({ port: 8091 })
 */
export class Miner {
  readonly #settings: MinerSettings
  readonly #middleware: Middleware[] = []
  readonly #declared = new Map<string, Declared>()
  #running: RunningMiner | undefined
  #state: 'new' | 'listening' | 'closed' = 'new'

  /** @throws LevinError CONFIG for an option that is missing, unknown or out of range */
  constructor(options: MinerOptions) {
    this.#settings = checkMinerOptions(options)
  }

  /** SS58. */
  get hotkey(): string {
    return this.#settings.signer.hotkey
  }

  /** Adds middleware, outermost first. @throws LevinError CONFIG after `listen` */
  use(...middleware: Middleware[]): this {
    this.#mustBeNew('use')
    for (const policy of middleware) {
      if (typeof policy !== 'function') {
        throw new LevinError(
          'CONFIG',
          'use() takes functions (call, next) => ...; was one called that should be passed?',
        )
      }
      this.#middleware.push(policy)
    }
    return this
  }

  /**
   * Adds every `@Synapse` method of a class. tsyringe makes the instance, once at `listen`, or with `scope: 'call'`
   * anew for each call.
   * @throws LevinError CONFIG for a class without handlers, a name that is taken, or after `listen`
   */
  register(type: HandlerClass, { scope = 'miner' }: { scope?: HandlerScope } = {}): this {
    this.#mustBeNew('register')
    const handlers = handlersOf(type)
    if (handlers.length === 0) {
      throw new LevinError('CONFIG', `${type.name} has no method with @Synapse('Name', { ... })`)
    }
    let instanceOf: ReturnType<MinerContainer['instances']> | undefined
    for (const { definition, method } of handlers) {
      this.#declare({
        definition,
        where: `${type.name}.${String(method)}`,
        invoke: (container) => {
          instanceOf ??= container.instances(type, scope)
          const make = instanceOf
          return (request, call) => (make(call) as Methods)[method]!(request, call)
        },
      })
    }
    return this
  }

  /**
   * Adds one handler without a class: `miner.synapse(Forecast, (query, call) => ...)`, or with a name and options.
   * @throws LevinError CONFIG for a name that is taken, or after `listen`
   */
  synapse<O extends PlainOptions | StreamOptions>(definition: SynapseDefinition<O>, handler: Handler<O>): this
  synapse<const O extends PlainOptions | StreamOptions>(name: string, options: O, handler: Handler<O>): this
  synapse(
    ...given:
      | [SynapseDefinition, Handler<SynapseOptions>]
      | [string, PlainOptions | StreamOptions, Handler<SynapseOptions>]
  ): this {
    this.#mustBeNew('synapse')
    const [definition, handler] = given.length === 2 ? given : [synapse(given[0], given[1]), given[2]]
    if (typeof handler !== 'function') {
      throw new LevinError('CONFIG', `synapse '${definition.name}': the handler is not a function`)
    }
    this.#declare({
      definition,
      where: `miner.synapse('${definition.name}')`,
      invoke: () => handler as Invoke,
    })
    return this
  }

  #declare(declared: Declared): void {
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
   * @throws LevinError CONFIG when a class cannot be made or validated, or the port is taken
   */
  async listen(address: ListenAddress = {}): Promise<Address> {
    this.#mustBeNew('listen')
    if (this.#declared.size === 0) {
      throw new LevinError(
        'CONFIG',
        'this miner answers nothing: register(AClass) or synapse(...) before listen()',
      )
    }
    this.#state = 'listening'
    try {
      this.#running = await RunningMiner.start(
        this.#settings,
        this.#middleware,
        [...this.#declared.values()],
        address,
      )
    } catch (error) {
      this.#state = 'new'
      throw error
    }
    return this.#running.address
  }

  /**
   * Stops: takes nothing new, lets running calls finish for up to `drainMs` and their answers arrive, tells the
   * validators `server_shutdown`, and frees the port. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#state = 'closed'
    await this.#running?.stop()
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

type Methods = Record<string | symbol, (request: unknown, call: unknown) => unknown>

/** What there is between `listen` and `close`. */
class RunningMiner implements ExchangeHost {
  readonly admission: Admission
  readonly dispatcher: Dispatcher
  readonly #settings: MinerSettings
  readonly #container: MinerContainer
  readonly #peers: Peers
  #endpoint!: Endpoint
  #stopped: Promise<void> | undefined

  private constructor(
    settings: MinerSettings,
    container: MinerContainer,
    dispatcher: Dispatcher,
    fingerprint: string,
  ) {
    this.#settings = settings
    this.#container = container
    this.dispatcher = dispatcher
    this.#peers = new Peers(settings.maxValidators)
    this.admission = new Admission(settings, fingerprint, new NonceCache(), this.#peers)
  }

  static async start(
    settings: MinerSettings,
    middleware: readonly Middleware[],
    declared: readonly Declared[],
    { host = '0.0.0.0', port = DEFAULT_PORT }: ListenAddress,
  ): Promise<RunningMiner> {
    const { logger, access, signer, clock, maxFrameBytes } = settings
    const container = new MinerContainer(settings.container)
    const routes = new Map<string, Route>()
    for (const { definition, where, invoke } of declared) {
      try {
        routes.set(
          definition.name,
          createRoute(definition, invoke(container), middleware, settings.handlerTimeoutMs),
        )
      } catch (cause) {
        throw new LevinError('CONFIG', `${where}: ${LevinError.from(cause).message}`, { cause })
      }
    }
    const certificate = createCertificate()
    const dispatcher = new Dispatcher(routes, maxFrameBytes, clock, logger)
    const miner = new RunningMiner(settings, container, dispatcher, certificateFingerprint(certificate.der))
    const { idleTimeoutMs, keepAliveMs, maxStreams } = settings
    miner.#endpoint = await Endpoint.listen({
      host,
      port,
      certificate,
      clock,
      quic: { ...defaultQuicOptions, idleTimeoutMs, keepAliveMs, maxPeerStreams: maxStreams },
      onConnection: (link) => miner.#connected(link),
    })
    if (isOpen(access)) logger.warn('access is open(): every hotkey that can sign is admitted')
    logger.info('miner listening', { hotkey: signer.hotkey, ...miner.address, synapses: [...routes.keys()] })
    return miner
  }

  get address(): Address {
    return this.#endpoint.address
  }

  get logger(): MinerSettings['logger'] {
    return this.#settings.logger
  }

  get maxFrameBytes(): number {
    return this.#settings.maxFrameBytes
  }

  get handshakeTimeoutMs(): number {
    return this.#settings.handshakeTimeoutMs
  }

  get isStopping(): boolean {
    return this.#stopped !== undefined
  }

  after(ms: number, run: () => void): () => void {
    return this.#settings.clock.after(ms, run)
  }

  #connected(link: Link): void {
    const session = new Session()
    link.events = {
      onStream: (stream) => {
        stream.events = new Exchange(stream, session, link, this)
      },
      onClosed: (info) => {
        session.apply('closed')
        const { hotkey } = session
        if (hotkey === undefined) return
        this.#peers.leave(hotkey, link)
        this.logger.info('validator disconnected', { hotkey, remote: link.remote, ...info })
      },
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#drainAndClose()
    return this.#stopped
  }

  async #drainAndClose(): Promise<void> {
    const { drainMs } = this.#settings
    this.#endpoint.refuseNew()
    await Promise.race([this.dispatcher.idle(), new Promise<void>((resolve) => this.after(drainMs, resolve))])
    this.dispatcher.cancelAll('the miner is stopping')
    await this.#endpoint.close(CloseReason.serverShutdown)
    await this.#container.dispose()
  }
}
