/** The server of both HTTP doors, loaded only when `listen` is asked for it. */
import { Buffer } from 'node:buffer'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { settles } from '../../clock.js'
import type { Summary } from '../../summary.js'
import type { Address } from '../../transport/link.js'
import { cannotListen } from '../../transport/listen-address.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { FairLoop } from '../fair-loop.js'
import type { Holder, MemoryGuard } from '../memory-guard.js'
import type { MinerSettings } from '../options.js'
import type { Watched } from '../progress-watch.js'
import { bittensor10Door } from './bittensor10-door.js'
import { btauthDoor } from './btauth-door.js'
import { Connections } from './connections.js'
import type { Definitions, HttpDoor } from './door.js'
import { Gate, type GateHost } from './gate.js'
import { HttpExchange, type HttpHost } from './http-exchange.js'
import type { HttpSettings } from './options.js'
import { addressOf } from './request-head.js'
import type { HttpStats, VisitTally } from './tally.js'
import { Visitors } from './visitors.js'

/** Of all headers: a dendrite's take 1 KB. */
const MAX_HEADER_BYTES = 16 * 1024
/** How long a connection may be idle between requests: a validator's next round finds it open. */
const KEEP_ALIVE_MS = 30_000
/** How often Node looks for requests that take too long to come. */
const LOOK_MS = 1000

/** What the doors need of the miner. */
export interface DoorsHost extends GateHost {
  readonly settings: MinerSettings
  readonly dispatcher: Dispatcher
  readonly loop: FairLoop
  readonly memory: MemoryGuard
  readonly noise: Summary
  readonly definitions: Definitions
  readonly isStopping: boolean
}

/**
 * Binds the TCP port, and answers from then on.
 * @param quic where the miner listens for QUIC
 * @throws LevinError CONFIG when the address cannot be bound, or `tls` is no certificate with its key
 */
export async function openDoors(host: DoorsHost, settings: HttpSettings, quic: Address): Promise<HttpDoors> {
  const doors = new HttpDoors(host, settings)
  await doors.listen({ host: settings.host ?? quic.host, port: settings.port ?? quic.port })
  return doors
}

export class HttpDoors {
  readonly #host: DoorsHost
  readonly #settings: HttpSettings
  readonly #doors: readonly HttpDoor[]
  readonly #tallies: Record<HttpDoor['name'], VisitTally> = {
    btauth: { accepted: 0, refused: {} },
    bittensor10: { accepted: 0, refused: {} },
  }
  readonly #connections: Connections
  readonly #visitors: Visitors
  readonly #gate: Gate
  readonly #server: Server
  readonly #forExchanges: HttpHost
  /** Connections with a request that is not answered. */
  readonly #busy = new WeakSet<Socket>()
  /**
   * The last answer of each connection. Node hands on what stands behind a request that was refused, also where the answer
   * ends the connection: whoever sent both may have wanted the first to be read as something else, and nothing more is run.
   */
  readonly #last = new WeakMap<Socket, ServerResponse>()
  #closed: Promise<void> | undefined

  constructor(host: DoorsHost, settings: HttpSettings) {
    const { clock, limits, maxStreams, maxValidators, signer } = host.settings
    this.#host = host
    this.#settings = settings
    this.#doors = [
      ...(settings.btauth ? [btauthDoor(signer.hotkey, host.definitions)] : []),
      ...(settings.bittensor10 ? [bittensor10Door(signer.hotkey, host.definitions)] : []),
    ]
    this.#connections = new Connections(settings.limits)
    this.#visitors = new Visitors(clock, host.loop, maxValidators, limits.queuedBytes, maxStreams)
    this.#gate = new Gate(host, this.#visitors, this.#doors, settings.limits.unprovedBytes)
    this.#forExchanges = this.#hostOfExchanges()
    this.#server = this.#createServer()
  }

  #hostOfExchanges(): HttpHost {
    const { dispatcher, loop, memory, noise } = this.#host
    const { clock, maxFrameBytes } = this.#host.settings
    const { bodyBytes } = this.#settings.limits
    const isStopping = (): boolean => this.#host.isStopping
    return {
      clock,
      dispatcher,
      loop,
      maxFrameBytes,
      memory,
      noise,
      bodyBytes,
      gate: this.#gate,
      visitors: this.#visitors,
      get isStopping() {
        return isStopping()
      },
      proved: (hotkey, remote) => this.#proved(hotkey, remote),
      left: (remote) => this.#host.admission.rate.left(remote.host),
    }
  }

  #proved(hotkey: string, remote: Address): void {
    this.#connections.trust(remote)
    this.#host.admission.rate.arrived(remote.host)
    this.#host.settings.sourceFilter?.learn(remote.host, hotkey)
  }

  #createServer(): Server {
    const { handshakeTimeoutMs, strangerTimeoutMs } = this.#host.settings
    const { tls } = this.#settings
    const options: ServerOptions = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(handshakeTimeoutMs, strangerTimeoutMs),
      requestTimeout: strangerTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: LOOK_MS,
      insecureHTTPParser: false, // whatever flag the process was started with
      noDelay: true,
      requireHostHeader: false, // Node would answer by itself, and go on with what stands behind
    }
    const server =
      tls === undefined
        ? createServer(options)
        : createTlsServer({
            ...options,
            cert: asText(tls.cert),
            key: asText(tls.key),
            handshakeTimeout: handshakeTimeoutMs,
          })
    server.maxHeadersCount = 0 // Node would drop those beyond: the limit is on their bytes
    server.on('connection', (socket: Socket) => this.#connections.take(socket, this.#isWelcome))
    server.on('request', this.#onRequest)
    server.on('checkContinue', this.#onRequest)
    server.on('clientError', this.#onClientError)
    return server
  }

  readonly #isWelcome = (host: string): boolean =>
    !this.#gate.isShut(host) && this.#host.settings.sourceFilter?.admits(host) !== false

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    const last = this.#last.get(socket)
    if (last !== undefined && endsConnection(last)) return
    this.#last.set(socket, response)
    const isPipelined = this.#busy.has(socket)
    this.#busy.add(socket)
    response.on('close', () => {
      this.#busy.delete(socket)
      if (this.#closed !== undefined) this.#server.closeIdleConnections()
    })
    const headers = request.headersDistinct
    const door = this.#doors.find((each) => each.isFor(headers)) ?? this.#doors.at(-1)!
    const exchange = new HttpExchange(request, response, door, this.#tallies[door.name], this.#forExchanges)
    void exchange.run(isPipelined)
  }

  /** What is no HTTP, or does not come in time. */
  readonly #onClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
    this.#gate.refused('malformed request', addressOf(socket.remoteAddress).host)
    // What was begun to be answered must not be mixed up with this.
    if (socket.writable && !this.#busy.has(socket))
      socket.write(`HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\n\r\n`)
    socket.destroy()
  }

  async listen({ host, port }: Address): Promise<void> {
    const server = this.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen({ host, port }, error)))
      server.listen(port, host, resolve)
    })
    server.on('error', (error) => this.#host.settings.logger.error('the HTTP server failed', { error }))
    this.#host.settings.logger.info('miner listening for HTTP', {
      ...this.address,
      doors: this.#doors.map(({ name }) => name),
      tls: this.#settings.tls !== undefined,
    })
  }

  get address(): Address {
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port }
  }

  /** Those of validators. */
  *requests(): Iterable<Watched> {
    for (const visitor of this.#visitors) yield* visitor.requests
  }

  /** Each validator, and what is kept for it. */
  *holders(): Iterable<Holder> {
    for (const visitor of this.#visitors) {
      const bytes = visitor.keptBytes
      const close = (): void => {
        this.#host.settings.logger.warn(
          'gave up requests by HTTP: memory is short, and most of it is kept for these',
          {
            hotkey: visitor.hotkey,
            bytes,
          },
        )
        visitor.abandon()
      }
      yield { bytes, close }
    }
  }

  /** Takes no new connection from here on. */
  refuseNew(): void {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /** Lets what was written arrive for up to `ms` milliseconds, and frees the port. Idempotent. */
  async close(ms: number): Promise<void> {
    this.refuseNew()
    this.#server.closeIdleConnections()
    await settles(this.#host.settings.clock, Math.max(0, ms), this.#closed!)
    this.#server.closeAllConnections()
    await this.#closed
    this.#visitors.stop()
  }

  stats(): HttpStats {
    return {
      ...this.address,
      connections: this.#connections.size,
      connectionsRefused: this.#connections.refused,
      validators: this.#visitors.size,
      requests: structuredClone(this.#tallies),
    }
  }
}

const asText = (pem: string | Uint8Array): string | Buffer =>
  typeof pem === 'string' ? pem : Buffer.from(pem)

const endsConnection = (response: ServerResponse): boolean =>
  !response.shouldKeepAlive || response.getHeader('connection') === 'close'

const statusOf = ({ code }: NodeJS.ErrnoException): string => {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
}
