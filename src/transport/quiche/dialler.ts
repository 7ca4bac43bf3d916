/** The dialling end of quiche: each connection has a socket of its own, connected to the peer. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { type Clock, systemClock } from '../../clock.js'
import type { Dialler } from '../engine.js'
import type { Address, Link, LinkEvents } from '../link.js'
import { defaultPeerLimits } from '../peer-limits.js'
import type { QuicOptions } from '../quic-options.js'
import { CONNECTION_ID_BYTES, createConfig } from './config.js'
import { Connection, type PacketIo } from './connection.js'
import { connectNative, type NativeConfig } from './native.js'
import { literalLookup } from './socket.js'
import { Turn } from './turn.js'

const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

/** Dials miners: one configuration and one turn for all its connections. */
export class QuicheDialler implements Dialler {
  readonly #config: NativeConfig
  readonly #options: QuicOptions
  readonly #clock: Clock
  readonly #turn: Turn

  /** @throws LevinError CONFIG for a number out of range. */
  constructor(options: QuicOptions, clock: Clock = systemClock) {
    this.#options = options
    this.#config = createConfig(options)
    this.#clock = clock
    this.#turn = new Turn(clock)
  }

  /**
   * A connected socket is cheaper for each packet, lets the kernel drop what comes from elsewhere, and reports a
   * closed port at once.
   */
  dial(remote: Address, events: LinkEvents): Promise<Link> {
    const socket = createSocket({
      type: isIPv6(remote.host) ? 'udp6' : 'udp4',
      lookup: literalLookup,
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(remote.port, remote.host, () => {
        socket.off('error', reject)
        const { address: host, port } = socket.address()
        const local = { host, port }
        const native = connectNative(randomBytes(CONNECTION_ID_BYTES), local, { ...remote }, this.#config)
        const io: PacketIo = {
          clock: this.#clock,
          turn: this.#turn,
          send: (packet, length) => socket.send(packet, 0, length),
          overdrawn: () => {},
          gone: () => socket.close(),
        }
        const { keepAliveMs } = this.#options
        const connection = new Connection(native, false, local, remote, keepAliveMs, defaultPeerLimits, io)
        connection.events = events
        socket.on('message', (datagram) => {
          connection.receive(datagram)
        })
        socket.on('error', (error) => {
          // A port that is closed now may be a miner that restarts: what was established is given up too, since the
          // new process does not know it.
          connection.abandon(describe(error, remote))
        })
        this.#turn.wantsToSend(connection)
        resolve(connection)
      })
    })
  }

  /** A socket is closed with its connection. */
  close(): void {}
}

function describe(error: Error, remote: Address): string {
  if ('code' in error && error.code === 'ECONNREFUSED')
    return `port ${remote.port} of ${remote.host} is closed`
  return error.message
}
