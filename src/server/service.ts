/** A miner without its socket: what happens to each connection, from its first stream to its end. */
import { NonceCache } from '../auth/nonce-cache.js'
import type { SynapseDefinition } from '../contract/definition.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Link } from '../transport/link.js'
import { Admission } from './admission.js'
import { MinerContainer } from './dispatch/container.js'
import { Dispatcher } from './dispatch/dispatcher.js'
import { createRoute, type Invoke, type Route } from './dispatch/route.js'
import { Exchange, type ExchangeHost } from './exchange.js'
import type { MinerSettings } from './options.js'
import { Peers } from './peers.js'
import type { Middleware } from './policy/middleware.js'
import { Session } from './session.js'

/** A handler as the miner's author declared it. */
export interface DeclaredHandler {
  readonly definition: SynapseDefinition
  /** Where it was declared, for messages. */
  readonly where: string
  /** Makes what runs it, when the container is there to make instances. */
  readonly invoke: (container: MinerContainer) => Invoke
}

export class MinerService implements ExchangeHost {
  readonly admission: Admission
  readonly dispatcher: Dispatcher
  readonly logger: Logger
  readonly maxFrameBytes: number
  readonly handshakeTimeoutMs: number
  isStopping = false
  readonly #settings: MinerSettings
  readonly #container: MinerContainer
  readonly #peers: Peers

  /**
   * Makes the handlers' instances and works out every route: nothing is looked up or sorted later.
   * @param fingerprint of the certificate that the validators see
   * @throws LevinError CONFIG naming the handler that cannot be made or validated
   */
  constructor(
    settings: MinerSettings,
    middleware: readonly Middleware[],
    handlers: Iterable<DeclaredHandler>,
    fingerprint: string,
  ) {
    const { clock, logger, maxFrameBytes, handshakeTimeoutMs } = settings
    this.#settings = settings
    this.logger = logger
    this.maxFrameBytes = maxFrameBytes
    this.handshakeTimeoutMs = handshakeTimeoutMs
    this.#container = new MinerContainer(settings.container)
    this.dispatcher = new Dispatcher(this.#routes(handlers, middleware), maxFrameBytes, clock, logger)
    this.#peers = new Peers(settings.maxValidators)
    this.admission = new Admission(settings, fingerprint, new NonceCache(), this.#peers)
  }

  #routes(handlers: Iterable<DeclaredHandler>, middleware: readonly Middleware[]): Map<string, Route> {
    const routes = new Map<string, Route>()
    for (const { definition, where, invoke } of handlers) {
      try {
        const route = createRoute(
          definition,
          invoke(this.#container),
          middleware,
          this.#settings.handlerTimeoutMs,
        )
        routes.set(route.name, route)
      } catch (cause) {
        throw new LevinError('CONFIG', `${where}: ${LevinError.from(cause).message}`, { cause })
      }
    }
    return routes
  }

  /** Serves a connection whose TLS is done. */
  accept(link: Link): void {
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

  after(ms: number, run: () => void): () => void {
    return this.#settings.clock.after(ms, run)
  }

  /** Starts nothing any more, and gives running calls `drainMs` to finish. */
  async drain(): Promise<void> {
    this.isStopping = true
    let cancelTimer = (): void => {}
    const timeUp = new Promise<void>((resolve) => {
      cancelTimer = this.after(this.#settings.drainMs, resolve)
    })
    await Promise.race([this.dispatcher.idle(), timeUp])
    cancelTimer()
    this.dispatcher.cancelAll('the miner is stopping')
  }

  dispose(): Promise<void> {
    return this.#container.dispose(this.logger)
  }
}
