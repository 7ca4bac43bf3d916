/** A miner without its socket: what happens to each connection, from its first stream to its end. */
import { type Clock, settles } from '../clock.js'
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
import type { DoorsHost, HttpDoors } from './doors/http-doors.js'
import { Egress } from './egress.js'
import { Exchange, type ExchangeHost } from './exchange.js'
import { FairLoop } from './fair-loop.js'
import { LoopWatch } from './loop-watch.js'
import { type Holder, MemoryGuard } from './memory-guard.js'
import type { MinerSettings } from './options.js'
import { Peers } from './peers.js'
import type { AnyMiddleware } from './policy/middleware.js'
import { checkSynapses } from './policy/plugin.js'
import { ProgressWatch, type Watched } from './progress-watch.js'
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

export class MinerService implements ExchangeHost, DoorsHost {
  readonly access: AccessControl
  readonly admission: Admission
  readonly dispatcher: Dispatcher
  readonly loop: FairLoop
  readonly memory: MemoryGuard
  readonly clock: Clock
  readonly logger: Logger
  readonly observers: Observers
  readonly noise: Summary
  readonly maxFrameBytes: number
  readonly handshakeTimeoutMs: number
  isStopping = false
  #isStopped = false
  readonly settings: MinerSettings
  readonly #container: MinerContainer
  readonly #workers: Workers
  readonly #loopWatch: LoopWatch
  readonly #progress: ProgressWatch
  readonly #peers: Peers
  readonly #middleware: readonly AnyMiddleware[]
  readonly #started: { what: string; part: Startable }[] = []
  /** Connections that nobody has proved himself on, the oldest first. */
  readonly #strangers = new Set<Link>()
  readonly #routes: ReadonlyMap<string, Route>
  readonly definitions: ReadonlyMap<string, SynapseDefinition>
  /** Where validators come in by HTTP, when they may. */
  doors: HttpDoors | undefined

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
    this.settings = settings
    this.clock = clock
    this.logger = logger
    this.maxFrameBytes = maxFrameBytes
    this.handshakeTimeoutMs = handshakeTimeoutMs
    this.#container = new MinerContainer(settings.container)
    this.#workers = new Workers(settings.workers, clock, logger)
    this.loop = new FairLoop(clock)
    this.memory = new MemoryGuard(clock, logger, settings.limits.memoryBytes, () => this.#holders())
    this.#loopWatch = new LoopWatch(
      settings,
      observers,
      () => this.#busy(),
      (caller, ms) => this.loop.handlerTook(caller, ms),
    )
    this.observers = observers
    this.#middleware = middleware
    const declared = [...handlers]
    this.definitions = new Map(declared.map(({ definition }) => [definition.name, definition]))
    this.#routes = this.#makeRoutes(declared, middleware)
    this.noise = new Summary(logger, clock)
    this.dispatcher = new Dispatcher(this.#routes, settings, observers, this.noise)
    this.#peers = new Peers(settings.maxValidators, clock)
    this.#progress = new ProgressWatch(
      clock,
      settings.progressTimeoutMs,
      () => this.#watched(),
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
          this.#loopWatch.timed(definition.name, invoke(this.#container, this.#workers)),
          middleware,
          this.settings.handlerTimeoutMs,
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
    const { limits } = this.settings
    const session = new Session(link.remote, limits, new Egress(link, limits.queuedBytes))
    const cancelTimer = this.after(this.settings.strangerTimeoutMs, () => {
      link.close(CLOSE_CODE, CloseReason.cleanup)
    })
    session.whenAccepted(() => {
      cancelTimer()
      this.#strangers.delete(link)
      session.place = this.loop.enter(session.hotkey)
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
    if (this.#strangers.size > limits.strangers) this.#closeOldestStranger()
  }

  #closeOldestStranger(): void {
    const [oldest] = this.#strangers
    oldest?.close(CLOSE_CODE, CloseReason.cleanup)
  }

  #left(session: Session, link: Link, closed: CloseInfo): void {
    const { hotkey, remote } = session
    if (hotkey === '') return
    this.#peers.leave({ hotkey, link, session })
    if (session.place !== undefined) this.loop.leave(session.place)
    this.admission.rate.left(remote.host)
    this.logger.info('validator disconnected', { hotkey, remote, ...closed })
    this.observers.tell('connection', { state: 'closed', hotkey, remote, closed })
  }

  after(ms: number, run: () => void): () => void {
    return this.settings.clock.after(ms, run)
  }

  /** Starts nothing any more, and gives running calls `ms` milliseconds to finish. */
  async drain(ms: number): Promise<void> {
    this.loop.stop()
    this.isStopping = true
    const { dispatcher, logger } = this
    logger.info('miner stopping', { calls: dispatcher.running, drainMs: Math.round(ms) })
    if (await settles(this.settings.clock, ms, dispatcher.idle())) return
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
    const { sourceFilter } = this.settings
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
    this.#loopWatch.start()
    this.#progress.start()
    this.memory.start()
  }

  /** Of the validators: strangers have a limit of their own. */
  *#watched(): Iterable<Watched> {
    for (const { link } of this.#peers) {
      for (const { events } of link.streams()) if (events instanceof Exchange) yield events
    }
    if (this.doors !== undefined) yield* this.doors.requests()
  }

  *#holders(): Iterable<Holder> {
    for (const { link, hotkey } of this.#peers) {
      let bytes = link.waiting
      for (const { events } of link.streams()) if (events instanceof Exchange) bytes += events.keptBytes
      const close = (): void => {
        this.logger.warn('closed a connection: memory is short, and most of it is kept for this one', {
          hotkey,
          bytes,
        })
        link.close(CLOSE_CODE, CloseReason.cleanup)
      }
      yield { bytes, close }
    }
    if (this.doors !== undefined) yield* this.doors.holders()
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
    this.#loopWatch.stop()
    this.#progress.stop()
    this.memory.stop()
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
        maxValidators: this.settings.maxValidators,
      },
      handshakes: { accepted, refused: { ...refused } },
      calls: Object.fromEntries(calls),
      unrecognized: this.dispatcher.unrecognized,
      loop: this.loop.stats(),
      memory: this.memory.stats(),
      access: { policy: this.access.name, ageMs: this.access.ageMs() },
      workers: this.#workers.stats(),
      middleware: byName(this.#middleware),
      sourceFilter: this.settings.sourceFilter?.stats(),
      http: this.doors?.stats(),
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
