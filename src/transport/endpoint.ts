/** The listening end: one UDP socket, many connections, each pinned to the address that it came from. */
import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Certificate } from './certificate.js'
import { Connection, type PacketIo } from './connection.js'
import type { Address, Link } from './link.js'
import { acceptNative, type HostPort, type NativeConfig, negotiateVersion } from './native.js'
import { destinationKey, MIN_CLIENT_DCID, MIN_INITIAL_DATAGRAM, parseLongHeader, QUIC_V1 } from './packet.js'
import { CONNECTION_ID_BYTES, createConfig, MAX_PACKET_BYTES, type QuicOptions } from './quic-config.js'
import { literalLookup } from './socket.js'
import { Turn } from './turn.js'

/** Connections whose TLS is not done yet: strangers cost 39 KiB each. More are dropped unanswered (THREATS M6). */
const MAX_HALF_OPEN = 512
/** Bytes that the kernel may hold for us while the loop is busy; it gives what its own limits allow. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
/** How long `close` waits for the last answers to be acknowledged. */
const FLUSH_MS = 2000

export interface ListenOptions {
  /** An IP address of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string
  /** UDP port, 0 for any that is free. */
  readonly port: number
  readonly certificate: Certificate
  readonly quic: QuicOptions
  /** A connection whose TLS is done. Its `events` must be set before this returns. */
  readonly onConnection: (link: Link) => void
  readonly clock?: Clock
}

interface Entry {
  readonly connection: Connection
  readonly host: string
  readonly port: number
  readonly keys: string[]
}

export class Endpoint {
  readonly #socket: Socket
  readonly #options: ListenOptions
  readonly #config: NativeConfig
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #byKey = new Map<string, Entry>()
  readonly #entries = new Map<Connection, Entry>()
  #halfOpen = 0
  #local: HostPort = { host: '', port: 0 }
  #closing = false
  #closed: Promise<void> | undefined

  private constructor(options: ListenOptions, config: NativeConfig) {
    this.#options = options
    this.#config = config
    this.#clock = options.clock ?? systemClock
    this.#turn = new Turn(this.#clock)
    this.#socket = createSocket({
      type: isIPv6(options.host) ? 'udp6' : 'udp4',
      lookup: literalLookup,
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    })
  }

  /** @throws LevinError CONFIG when the address cannot be bound. */
  static async listen(options: ListenOptions): Promise<Endpoint> {
    const { port } = options
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new LevinError('CONFIG', `port is ${port}; it is an integer from 0 (any that is free) to 65535`)
    }
    const endpoint = new Endpoint(options, createConfig(options.quic, options.certificate))
    await endpoint.#bind()
    return endpoint
  }

  #bind(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#socket.once('error', (cause) => {
        const fix = 'choose another port (0 for any that is free) or an address of this machine'
        reject(
          new LevinError('CONFIG', `cannot listen on ${host} port ${port}: ${cause.message}; ${fix}`, {
            cause,
          }),
        )
      })
      this.#socket.bind(port, host, () => {
        this.#socket.removeAllListeners('error')
        // What ICMP reports of one peer must not end the others; a connection notices by its own timers.
        this.#socket.on('error', () => {})
        this.#socket.on('message', this.#onDatagram)
        const { address, port: bound } = this.#socket.address()
        this.#local = { host: address, port: bound }
        resolve()
      })
    })
  }

  get address(): Address {
    return this.#local
  }

  get connectionCount(): number {
    return this.#entries.size
  }

  readonly #onDatagram = (datagram: Buffer, from: RemoteInfo): void => {
    const key = destinationKey(datagram)
    if (key === undefined) return
    const entry = this.#byKey.get(key)
    if (entry === undefined) {
      this.#onStranger(datagram, from)
      return
    }
    // THREATS M1: a connection stays with the address that it came from. The engine never sees another, and so has no
    // path to validate, no path event and no second path to loop over.
    if (from.port === entry.port && from.address === entry.host) entry.connection.receive(datagram)
  }

  #onStranger(datagram: Buffer, from: RemoteInfo): void {
    if (this.#closing || datagram.length < MIN_INITIAL_DATAGRAM) return
    const header = parseLongHeader(datagram)
    if (header === undefined || from.port === 0) return
    if (header.version !== QUIC_V1) {
      if (header.version !== 0) this.#negotiateVersion(header.scid, header.dcid, from)
      return
    }
    if (!header.isInitial || header.dcid.length < MIN_CLIENT_DCID || this.#halfOpen >= MAX_HALF_OPEN) return
    this.#accept(header.dcid.toString('latin1'), from).receive(datagram)
  }

  #negotiateVersion(scid: Buffer, dcid: Buffer, to: RemoteInfo): void {
    const packet = Buffer.alloc(MAX_PACKET_BYTES)
    try {
      const length = negotiateVersion(scid, dcid, packet)
      this.#socket.send(packet, 0, length, to.port, to.address)
    } catch {
      // connection ids longer than version 1 knows: not worth an answer
    }
  }

  #accept(clientKey: string, from: RemoteInfo): Connection {
    const { address: host, port } = from
    const scid = randomBytes(CONNECTION_ID_BYTES)
    const native = acceptNative(scid, this.#local, { host, port }, this.#config)
    const io: PacketIo = {
      clock: this.#clock,
      turn: this.#turn,
      send: (packet, length) => this.#socket.send(packet, 0, length, port, host),
      gone: (connection) => this.#forget(connection),
    }
    const connection = new Connection(
      native,
      true,
      this.#local,
      { host, port },
      this.#options.quic.keepAliveMs,
      io,
    )
    const entry: Entry = { connection, host, port, keys: [scid.toString('latin1'), clientKey] }
    for (const key of entry.keys) this.#byKey.set(key, entry)
    this.#entries.set(connection, entry)
    this.#halfOpen++
    connection.events = {
      onEstablished: () => {
        this.#halfOpen--
        this.#byKey.delete(clientKey) // the client knows our own id by now
        this.#options.onConnection(connection)
      },
    }
    return connection
  }

  #forget(connection: Connection): void {
    const entry = this.#entries.get(connection)
    if (entry === undefined) return
    this.#entries.delete(connection)
    for (const key of entry.keys) if (this.#byKey.get(key) === entry) this.#byKey.delete(key)
    if (!connection.isEstablished) this.#halfOpen--
  }

  /** Takes no new connection from here on; those that are there go on. */
  refuseNew(): void {
    this.#closing = true
  }

  /** Lets what was written arrive, closes every connection with `reason`, and frees the port. Idempotent. */
  close(reason: string): Promise<void> {
    this.#closed ??= this.#close(reason)
    return this.#closed
  }

  async #close(reason: string): Promise<void> {
    this.#closing = true
    const flushed = Promise.all([...this.#entries.keys()].map((connection) => connection.flushed()))
    await Promise.race([flushed, new Promise<void>((resolve) => this.#clock.after(FLUSH_MS, resolve))])
    for (const connection of this.#entries.keys()) connection.close(0, reason)
    // The farewells leave in the transmission that close() has scheduled; this callback is scheduled after it.
    await new Promise((resolve) => setImmediate(resolve))
    for (const connection of [...this.#entries.keys()]) connection.abandon(reason)
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}
