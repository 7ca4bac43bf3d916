/** A small server beside a miner or a validator: for Prometheus, for whoever watches over the process, and for eyes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import type { MetagraphSource } from '../metagraph/source.js'
import { checkKeys, integer } from '../options.js'
import { type Asset, loadAssets } from './assets.js'
import { isOurs } from './host-header.js'
import { loadPromClient } from './load-prom-client.js'
import { type MetricRegistry, metrics } from './metrics.js'
import { Snapshots } from './snapshot.js'
import type { WatchedMiner, WatchedValidator } from './subjects.js'

/** What the server shows, and where. At least one of `miner` and `validator`. */
export interface MonitorOptions {
  readonly miner?: WatchedMiner
  readonly validator?: WatchedValidator
  /** Whose age `/readyz` looks at, and whose stakes the page shows. It is not started: the access policy does that, or `follow`. */
  readonly metagraph?: MetagraphSource
  /** TCP port; 0 for any that is free. Default 9100. */
  readonly port?: number
  /** IP address of this machine. Default `127.0.0.1`: nobody else can ask. There is no password. */
  readonly host?: string
  /** Names, beside `localhost` and addresses, under which it is asked: that of a container, say. Default: none. */
  readonly allowedHosts?: readonly string[]
  /** For tests. Default: the machine's. */
  readonly clock?: Clock
}

/** A server that runs. */
export interface Monitor {
  readonly host: string
  readonly port: number
  /** Where the page is. */
  readonly url: string
  /** Frees the port. Safe to call twice. */
  close(): Promise<void>
}

const WHERE = 'monitor'
const DEFAULT_PORT = 9100
const KEYS: readonly (keyof MonitorOptions)[] = [
  'miner',
  'validator',
  'metagraph',
  'port',
  'host',
  'allowedHosts',
  'clock',
]

/** Requests are a few hundred bytes of headers, from Prometheus and a browser: who sends more, or nothing, is neither. */
const LIMITS = { maxHeaderSize: 8192, headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 10_000 }
const MAX_CONNECTIONS = 64

/** Nothing but what comes from here, and nothing that could be framed, posted or guessed as another type. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** Of prom-client's own: gauges whose names are those of counters, which `promtool check metrics` objects to. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`)

/**
 * Serves, over HTTP and only for reading:
 *
 * - `/metrics` for Prometheus, those of the process among them. Needs the package `prom-client`, and says so without it.
 * - `/healthz`: 200 as long as a restart would not help.
 * - `/readyz`: 200, or 503 and why not.
 * - `/`: a page that shows what happens now, and `/now.json`, which it is made of.
 *
 * Close it after the miner: it tells that the miner is stopping.
 * @example
 * await monitor({ miner, metagraph: source })
 * @throws LevinError CONFIG for options that are wrong, and a port that cannot be had
 */
export async function monitor(options: MonitorOptions): Promise<Monitor> {
  checkKeys(WHERE, options, KEYS)
  const { miner, validator, metagraph, host = '127.0.0.1', allowedHosts = [], clock = systemClock } = options
  if (miner === undefined && validator === undefined)
    throw new LevinError('CONFIG', `${WHERE}: there is nothing to watch: give it a miner, or a validator`)
  const port = integer(WHERE, 'port', options.port ?? DEFAULT_PORT, 0, 65_535)
  const snapshots = new Snapshots({ miner, validator, metagraph, clock })
  const names = allowedHosts.map((name) => name.toLowerCase())
  const routes = new Routes(snapshots, await loadAssets(), await registryOf(miner, validator))
  const server = createServer(LIMITS, (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (!isOurs(request.headers.host, names)) {
      return reply(response, 421, 'text/plain', `asked for under a name that is not in allowedHosts\n`)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return reply(response, 405, 'text/plain', 'only for reading\n')
    }
    void routes.answer(request, response)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.unref() // it keeps no process alive that has nothing else to do
  await listen(server, host, port)
  snapshots.start()
  const address = server.address() as AddressInfo
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
  let closed: Promise<void> | undefined
  return {
    host: address.address,
    port: address.port,
    url: `http://${shown}:${address.port}/`,
    close() {
      closed ??= new Promise((resolve) => {
        snapshots.stop()
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closed
    },
  }
}

/** @returns the error that says why there are none, when prom-client is not installed */
async function registryOf(
  miner: WatchedMiner | undefined,
  validator: WatchedValidator | undefined,
): Promise<MetricRegistry | LevinError> {
  try {
    const { collectDefaultMetrics, Registry } = await loadPromClient()
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
    if (miner !== undefined) await metrics(miner, { registry })
    if (validator !== undefined) await metrics(validator, { registry })
    return registry
  } catch (error) {
    return LevinError.from(error)
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new LevinError('CONFIG', `${WHERE}: cannot listen on ${host} port ${port}: ${cause.message}`, {
          cause,
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
}

class Routes {
  readonly #snapshots: Snapshots
  readonly #assets: ReadonlyMap<string, Asset>
  readonly #registry: MetricRegistry | LevinError

  constructor(
    snapshots: Snapshots,
    assets: ReadonlyMap<string, Asset>,
    registry: MetricRegistry | LevinError,
  ) {
    this.#snapshots = snapshots
    this.#assets = assets
    this.#registry = registry
  }

  async answer({ url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.split('?')[0]!
    const asset = this.#assets.get(path)
    if (asset !== undefined) return reply(response, 200, asset.type, asset.body)
    if (path === '/now.json') return reply(response, 200, 'application/json', this.#snapshots.json())
    if (path === '/metrics') return this.#metrics(response)
    if (path === '/healthz') {
      return this.#snapshots.isAlive()
        ? reply(response, 200, 'text/plain', 'alive\n')
        : reply(response, 503, 'text/plain', 'the network engine failed\n')
    }
    if (path === '/readyz') {
      const reasons = this.#snapshots.notReady()
      const text = reasons.length === 0 ? 'ready' : reasons.join('\n')
      return reply(response, reasons.length === 0 ? 200 : 503, 'text/plain', `${text}\n`)
    }
    reply(response, 404, 'text/plain', 'there are /, /metrics, /healthz and /readyz\n')
  }

  async #metrics(response: ServerResponse): Promise<void> {
    if (this.#registry instanceof LevinError) {
      return reply(response, 501, 'text/plain', `${this.#registry.message}\n`)
    }
    try {
      reply(response, 200, this.#registry.contentType, await this.#registry.metrics())
    } catch (error) {
      reply(response, 500, 'text/plain', `${LevinError.from(error).message}\n`)
    }
  }
}

function reply(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body) // Node leaves the body out of an answer to HEAD
}
