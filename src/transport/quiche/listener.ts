/** The listening end of quiche. */
import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { type Clock, systemClock } from '../../clock.js'
import { closeFlushed } from '../drain.js'
import type { EndpointStats } from '../endpoint-stats.js'
import type { Listener, ListenOptions } from '../engine.js'
import type { Address } from '../link.js'
import { cannotListen, checkListenAddress } from '../listen-address.js'
import { Newcomers } from '../newcomers.js'
import { checkPeerLimits, type PeerLimits } from '../peer-limits.js'
import { CONNECTION_ID_BYTES, createConfig } from './config.js'
import { Connection, type PacketIo } from './connection.js'
import { EndpointCounters } from './counters.js'
import { acceptNative, type HostPort, type NativeConfig, negotiateVersion, writeRetry } from './native.js'
import {
  destinationKey,
  hasShortHeader,
  type LongHeader,
  MIN_CLIENT_DCID,
  MIN_INITIAL_DATAGRAM,
  parseLongHeader,
  QUIC_V1,
} from './packet.js'
import { RETRY_TOKEN_BYTES, RetryTokens } from './retry-token.js'
import { literalLookup } from './socket.js'
import { StatelessResets } from './stateless-reset.js'
import { Turn } from './turn.js'

/** A Retry has two connection ids, the token, and 23 bytes besides (RFC 9000, section 17.2.5). */
const MAX_RETRY_BYTES = 23 + 20 + CONNECTION_ID_BYTES + RETRY_TOKEN_BYTES
/** A Version Negotiation packet has two connection ids of up to 255 bytes, and a version or two. */
const MAX_VERSION_NEGOTIATION_BYTES = 600
/** Bytes that the kernel may hold for us while the loop is busy; it gives what its own limits allow. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
interface Entry {
  readonly connection: Connection
  readonly host: string
  readonly port: number
  readonly keys: string[]
}

/** How a connection starts: its id, and what a Retry before it has to confirm. */
interface Start {
  readonly scid: Uint8Array
  readonly originalDcid: Uint8Array | undefined
  /** Where the client sends until it knows our id. */
  readonly clientDcid: Uint8Array
}

export class QuicheListener implements Listener {
  readonly #socket: Socket
  readonly #options: ListenOptions
  readonly #config: NativeConfig
  readonly #peerLimits: PeerLimits
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #byKey = new Map<string, Entry>()
  readonly #entries = new Map<Connection, Entry>()
  readonly #newcomers: Newcomers
  readonly #retryTokens: RetryTokens
  readonly #resets: StatelessResets
  readonly #counters = new EndpointCounters()
  #local: HostPort = { host: '', port: 0 }
  #closing = false
  #closed: Promise<void> | undefined

  private constructor(options: ListenOptions, config: NativeConfig) {
    this.#options = options
    this.#config = config
    this.#peerLimits = checkPeerLimits('peerLimits', options.peerLimits ?? {})
    this.#clock = options.clock ?? systemClock
    this.#turn = new Turn(this.#clock)
    this.#newcomers = new Newcomers(options, this.#clock)
    this.#retryTokens = new RetryTokens(this.#clock, randomBytes)
    this.#resets = new StatelessResets(options.resetSecret ?? randomBytes(32), () => this.#local, this.#clock)
    this.#socket = createSocket({
      type: isIPv6(options.host) ? 'udp6' : 'udp4',
      lookup: literalLookup,
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    })
  }

  static async listen(options: ListenOptions): Promise<QuicheListener> {
    checkListenAddress(options)
    const endpoint = new QuicheListener(options, createConfig(options.quic, options.certificate))
    await endpoint.#bind()
    return endpoint
  }

  #bind(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#socket.once('error', (cause) => {
        this.#socket.close()
        reject(cannotListen({ host, port }, cause))
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

  stats(): EndpointStats {
    return this.#counters.snapshot(this.#entries.size, this.#newcomers)
  }

  readonly #onDatagram = (datagram: Buffer, from: RemoteInfo): void => {
    const counters = this.#counters
    counters.datagramsIn++
    counters.bytesIn += datagram.length
    const key = destinationKey(datagram)
    const entry = key === undefined ? undefined : this.#byKey.get(key)
    if (entry === undefined) {
      this.#onStranger(datagram, from)
      return
    }
    // THREATS M1: a connection stays with the address that it came from. The engine never sees another, and so has no
    // path to validate, no path event and no second path to loop over.
    if (from.port === entry.port && from.address === entry.host) entry.connection.receive(datagram)
    else counters.pinned++
  }

  #onStranger(datagram: Buffer, from: RemoteInfo): void {
    if (!this.#newcomers.admits(from.address)) return
    if (this.#closing || from.port === 0 || datagram.length === 0) {
      this.#counters.malformed++
      return
    }
    if (hasShortHeader(datagram)) this.#reset(datagram, from)
    else this.#onLongPacket(datagram, from)
  }

  /** A packet of a connection that is no more, or was with the process before us. */
  #reset(datagram: Buffer, from: RemoteInfo): void {
    const reset = this.#resets.answer(datagram, from.address)
    if (reset === undefined) {
      this.#counters.malformed++
      return
    }
    this.#counters.resetsSent++
    this.#send(reset, reset.length, from.port, from.address)
  }

  #onLongPacket(datagram: Buffer, from: RemoteInfo): void {
    const header = datagram.length < MIN_INITIAL_DATAGRAM ? undefined : parseLongHeader(datagram)
    if (header !== undefined && header.version !== QUIC_V1 && header.version !== 0) {
      this.#negotiateVersion(header.scid, header.dcid, from)
    } else if (header?.isInitial && header.dcid.length >= MIN_CLIENT_DCID) {
      this.#onInitial(header, datagram, from)
    } else this.#counters.malformed++
  }

  #onInitial(header: LongHeader, datagram: Buffer, from: RemoteInfo): void {
    if (!this.#newcomers.hasRoom(from.address)) return
    const start = this.#validated(header, from)
    if (start === undefined) return
    // Only from here on is the address known to be the sender's, and may count against it.
    if (!this.#newcomers.enter(from.address)) return
    let connection: Connection
    try {
      connection = this.#accept(start, from)
    } catch {
      // The engine does not take it, as an address that it cannot read. That must cost no more than the datagram.
      this.#newcomers.leave(from.address)
      this.#counters.malformed++
      return
    }
    connection.receive(datagram)
  }

  /** THREATS M2. @returns undefined when there is no good token: the client was answered with a Retry, or not at all */
  #validated({ scid, dcid, token }: LongHeader, from: RemoteInfo): Start | undefined {
    if (this.#options.validateAddress === false) {
      return { scid: randomBytes(CONNECTION_ID_BYTES), originalDcid: undefined, clientDcid: dcid }
    }
    const address = { host: from.address, port: from.port }
    const opened = this.#retryTokens.open(token, dcid, address)
    if (opened.kind === 'valid') return { scid: dcid, originalDcid: opened.originalDcid, clientDcid: dcid }
    if (opened.kind === 'invalid') {
      this.#counters.badToken++
      return undefined
    }
    const newScid = randomBytes(CONNECTION_ID_BYTES)
    const packet = Buffer.alloc(MAX_RETRY_BYTES)
    const sealed = this.#retryTokens.seal(dcid, newScid, address)
    const length = writeRetry(scid, dcid, newScid, sealed, QUIC_V1, packet)
    this.#counters.retriesSent++
    this.#send(packet, length, from.port, from.address)
    return undefined
  }

  #negotiateVersion(scid: Buffer, dcid: Buffer, to: RemoteInfo): void {
    const packet = Buffer.alloc(MAX_VERSION_NEGOTIATION_BYTES)
    const length = negotiateVersion(scid, dcid, packet)
    this.#send(packet, length, to.port, to.address)
  }

  #send(packet: Buffer, length: number, port: number, host: string): void {
    this.#counters.datagramsOut++
    this.#counters.bytesOut += length
    this.#socket.send(packet, 0, length, port, host)
  }

  #accept({ scid, originalDcid, clientDcid }: Start, from: RemoteInfo): Connection {
    const { address: host, port } = from
    const accepted = { scid, originalDcid, resetToken: this.#resets.tokenOf(scid) }
    const native = acceptNative(accepted, this.#local, { host, port }, this.#config)
    const io: PacketIo = {
      clock: this.#clock,
      turn: this.#turn,
      send: (packet, length) => this.#send(packet, length, port, host),
      overdrawn: () => {
        this.#counters.overdrawn++
      },
      gone: (connection) => this.#forget(connection),
    }
    const connection = new Connection(
      native,
      true,
      this.#local,
      { host, port },
      this.#options.quic.keepAliveMs,
      this.#peerLimits,
      io,
    )
    const key = latin1(scid)
    const clientKey = latin1(clientDcid)
    const entry: Entry = { connection, host, port, keys: [key, clientKey] }
    for (const key of entry.keys) this.#byKey.set(key, entry)
    this.#entries.set(connection, entry)
    connection.events = {
      onEstablished: () => {
        this.#newcomers.leave(host)
        if (clientKey !== key) this.#byKey.delete(clientKey) // the client knows our own id by now
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
    if (!connection.isEstablished) this.#newcomers.leave(entry.host)
  }

  refuseNew(): void {
    this.#closing = true
  }

  close(reason: string, flushMs?: number): Promise<void> {
    this.#closed ??= this.#close(reason, flushMs)
    return this.#closed
  }

  async #close(reason: string, flushMs?: number): Promise<void> {
    this.#closing = true
    await closeFlushed(() => this.#entries.keys(), reason, this.#clock, flushMs)
    // The farewells leave in the transmission that close() has scheduled; this callback is scheduled after it.
    await new Promise((resolve) => setImmediate(resolve))
    for (const connection of [...this.#entries.keys()]) connection.abandon(reason)
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
