/** A miner without its socket: what happens to each connection, from its first stream to its end. */
import { settles } from '../clock.js'
import type { SynapseDefinition } from '../contract/definition.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { Summary } from '../summary.js'
import type { EndpointStats } from '../transport/endpoint-stats.js'
import type { CloseInfo, Link } from '../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { AccessControl } from './access-control.js'
import { Admission } from './admission.js'
import { MinerContainer } from './dispatch/container.js'
import { Dispatcher } from './dispatch/dispatcher.js'
import { createRoute, type Invoke, type Route } from './dispatch/route.js'
import { Workers } from './dispatch/workers.js'
import { Exchange, type ExchangeHost } from './exchange.js'
import { LoopWatch } from './loop-watch.js'
import type { MinerSettings } from './options.js'
import { Peers } from './peers.js'
import type { AnyMiddleware } from './policy/middleware.js'
import { checkSynapses } from './policy/plugin.js'
import { ProgressWatch } from './progress-watch.js'
import { Session } from './session.js'
import type { MinerStats } from './stats.js'
import type { Observers } from './watch.js'

/** A handler as the miner's author declared it. */
export interface DeclaredHandler {
  readonly definition: SynapseDefinition
  /** Where it was declared, for messages. */
  readonly where: string
  /** Makes what runs it, when the container is there to make instances. */
  readonly invoke: (container: MinerContainer, workers: Workers) => Invoke
}

/**
 * Connections of strangers, who have 30 s each: with many addresses they could be any number. An honest one is done
 * within a round trip or two, long before 512 others came after it.
 */
const MAX_STRANGERS = 512

export class MinerService implements ExchangeHost {
  readonly access: AccessControl
  readonly admission: Admission
  readonly dispatcher: Dispatcher
  readonly logger: Logger
  readonly observers: Observers
  readonly noise: Summary
  readonly maxFrameBytes: number
  readonly handshakeTimeoutMs: number
  isStopping = false
  #isStopped = false
  readonly #settings: MinerSettings
  readonly #container: MinerContainer
  readonly #workers: Workers
  readonly #loop: LoopWatch
  readonly #progress: ProgressWatch
  readonly #peers: Peers
  readonly #middleware: readonly AnyMiddleware[]
  readonly #started: { what: string; part: Startable }[] = []
  /** Connections that nobody has proved himself on, the oldest first. */
  readonly #strangers = new Set<Link>()
  readonly #routes: ReadonlyMap<string, Route>

  /**
   * Makes the handlers' instances and works out every route: nothing is looked up or sorted later.
   * @param fingerprint of the certificate that the validators see
   * @throws LevinError CONFIG naming the handler that cannot be made or validated
   */
  constructor(
    settings: MinerSettings,
    middleware: readonly AnyMiddleware[],
    handlers: Iterable<DeclaredHandler>,
    fingerprint: string,
    observers: Observers,
  ) {
    const { clock, logger, maxFrameBytes, handshakeTimeoutMs } = settings
    this.#settings = settings
    this.logger = logger
    this.maxFrameBytes = maxFrameBytes
    this.handshakeTimeoutMs = handshakeTimeoutMs
    this.#container = new MinerContainer(settings.container)
    this.#workers = new Workers(settings.workers, clock, logger)
    this.#loop = new LoopWatch(settings, observers, () => this.#busy())
    this.observers = observers
    this.#middleware = middleware
    this.#routes = this.#makeRoutes(handlers, middleware)
    this.noise = new Summary(logger, clock)
    this.dispatcher = new Dispatcher(this.#routes, settings, observers, this.noise)
    this.#peers = new Peers(settings.maxValidators, clock)
    this.#progress = new ProgressWatch(
      clock,
      settings.progressTimeoutMs,
      () => this.#links(),
      () =>
        this.noise.note(
          'gave up a stream',
          'gave up a stream: its peer neither asks nor takes the answer',
          {},
        ),
    )
    this.access = new AccessControl(settings, this.#peers, this.noise)
    this.admission = new Admission(settings, fingerprint, this.access, this.#peers, observers, this.noise)
  }

  #makeRoutes(handlers: Iterable<DeclaredHandler>, middleware: readonly AnyMiddleware[]): Map<string, Route> {
    const routes = new Map<string, Route>()
    for (const { definition, where, invoke } of handlers) {
      try {
        const route = createRoute(
          definition,
          this.#loop.timed(definition.name, invoke(this.#container, this.#workers)),
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
    const session = new Session(link.remote)
    const cancelTimer = this.after(this.#settings.strangerTimeoutMs, () => {
      link.close(CLOSE_CODE, CloseReason.cleanup)
    })
    session.whenAccepted(() => {
      cancelTimer()
      this.#strangers.delete(link)
      link.trust()
    })
    this.#strangers.add(link)
    link.events = {
      onStream: (stream) => {
        stream.events = new Exchange(stream, session, link, this)
        if (!session.takesStream()) link.close(CLOSE_CODE, CloseReason.cleanup)
      },
      onClosed: (info) => {
        cancelTimer()
        this.#strangers.delete(link)
        session.apply('closed')
        this.#left(session, link, info)
      },
    }
    if (this.#strangers.size > MAX_STRANGERS) this.#closeOldestStranger()
  }

  #closeOldestStranger(): void {
    const [oldest] = this.#strangers
    oldest?.close(CLOSE_CODE, CloseReason.cleanup)
  }

  #left(session: Session, link: Link, closed: CloseInfo): void {
    const { hotkey, remote } = session
    if (hotkey === '') return
    this.#peers.leave({ hotkey, link, session })
    this.admission.rate.left(remote.host)
    this.logger.info('validator disconnected', { hotkey, remote, ...closed })
    this.observers.tell('connection', { state: 'closed', hotkey, remote, closed })
  }

  after(ms: number, run: () => void): () => void {
    return this.#settings.clock.after(ms, run)
  }

  /** Starts nothing any more, and gives running calls `ms` milliseconds to finish. */
  async drain(ms: number): Promise<void> {
    this.isStopping = true
    const { dispatcher, logger } = this
    logger.info('miner stopping', { calls: dispatcher.running, drainMs: Math.round(ms) })
    if (await settles(this.#settings.clock, ms, dispatcher.idle())) return
    logger.warn('calls took longer than drainMs, and are cut off', {
      calls: dispatcher.running,
      synapses: this.#busy(),
    })
    dispatcher.cancelAll('the miner is stopping')
  }

  /**
   * What has to be there before the first connection. What had been started is stopped again when one of them fails.
   * @throws LevinError CONFIG naming what failed; ABORTED when it is stopped meanwhile
   */
  async start(): Promise<void> {
    const { sourceFilter } = this.#settings
    try {
      await this.#begin(`access: ${this.access.name}`, this.access)
      if (sourceFilter !== undefined) await this.#begin('sourceFilter', sourceFilter)
      await this.#container.start()
      this.#mustGoOn()
      await this.#workers.start()
      this.#mustGoOn()
      const running = { synapses: [...this.#routes.keys()] }
      for (const middleware of this.#middleware) {
        await this.#begin(`middleware ${middleware.name}`, {
          start: () => {
            checkSynapses(middleware.name, middleware.synapses?.() ?? [], running.synapses)
            return middleware.onStart?.(running)
          },
          stop: () => middleware.onStop?.(running),
        })
      }
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#loop.start()
    this.#progress.start()
  }

  /** Of the validators: strangers have a limit of their own. */
  *#links(): Iterable<Link> {
    for (const { link } of this.#peers) yield link
  }

  /** Names of the synapses that are being answered. */
  #busy(): string[] {
    return [...this.#routes.values()].filter(({ tally }) => tally.running > 0).map(({ name }) => name)
  }

  async #begin(what: string, part: Startable): Promise<void> {
    try {
      await part.start()
    } catch (cause) {
      throw new LevinError('CONFIG', `${what} did not start: ${LevinError.from(cause).message}`, { cause })
    }
    this.#started.push({ what, part })
    this.#mustGoOn()
  }

  /** @throws LevinError ABORTED when it was stopped meanwhile: what it was about to start would never be stopped */
  #mustGoOn(): void {
    if (this.#isStopped) throw new LevinError('ABORTED', 'the miner was closed while it started')
  }

  /** After the last call: stops what was started, the last first, and disposes of the handlers. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#loop.stop()
    this.#progress.stop()
    for (const { what, part } of this.#started.splice(0).reverse()) {
      try {
        await part.stop()
      } catch (error) {
        this.logger.error(`${what} did not stop`, { error })
      }
    }
    await this.#workers.stop()
    await this.#container.dispose(this.logger)
    this.noise.stop()
  }

  stats(network: EndpointStats | undefined): MinerStats {
    const calls = [...this.#routes.values()].map(({ name, tally }) => [name, { ...tally }] as const)
    const { accepted, refused } = this.admission.tally
    return {
      connections: {
        halfOpen: network?.halfOpen ?? 0,
        strangers: this.#strangers.size,
        validators: this.#peers.size,
      },
      handshakes: { accepted, refused: { ...refused } },
      calls: Object.fromEntries(calls),
      unrecognized: this.dispatcher.unrecognized,
      access: { policy: this.access.name, ageMs: this.access.ageMs() },
      middleware: byName(this.#middleware),
      sourceFilter: this.#settings.sourceFilter?.stats(),
      network,
    }
  }
}

interface Startable {
  start(): void | Promise<void>
  stop(): void | Promise<void>
}

function byName(middleware: readonly AnyMiddleware[]): Record<string, object> {
  const found: Record<string, object> = {}
  for (const policy of middleware) {
    if (policy.stats === undefined) continue
    let key = policy.name
    for (let n = 2; key in found; n++) key = `${policy.name} ${n}`
    found[key] = policy.stats()
  }
  return found
}
