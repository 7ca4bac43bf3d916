import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createCertificate } from '../../../src/transport/certificate.js'
import type { Listener, ListenOptions } from '../../../src/transport/engine.js'
import { defaultQuicOptions } from '../../../src/transport/quic-options.js'
import { createConfig } from '../../../src/transport/quiche/config.js'
import { QuicheListener } from '../../../src/transport/quiche/listener.js'
import { connectNative, type NativeConnection } from '../../../src/transport/quiche/native.js'
import { echo } from '../../support/quic-pair.js'

/** An endpoint that echoes, on a free port of loopback unless told otherwise. */
export function listen(options: Partial<ListenOptions> = {}): Promise<Listener> {
  return QuicheListener.listen({
    host: '127.0.0.1',
    port: 0,
    certificate: createCertificate(),
    quic: defaultQuicOptions,
    onConnection: (link) => {
      link.events = { onStream: echo }
      link.trust()
    },
    ...options,
  })
}

/** Resolves when `condition` holds, looked at once a loop turn. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

export const clientConfig = createConfig({ ...defaultQuicOptions, maxPeerStreams: 0 })

/** A client whose every datagram the test decides on: it sends only when told to. */
export class RawClient {
  readonly native: NativeConnection
  readonly socket: Socket
  /** Datagrams that came, as they came; the engine got a copy of each. */
  readonly received: Buffer[] = []
  readonly #serverPort: number

  private constructor(socket: Socket, serverPort: number) {
    this.socket = socket
    this.#serverPort = serverPort
    const { address: host, port } = socket.address()
    const [local, remote] = [
      { host, port },
      { host: '127.0.0.1', port: serverPort },
    ]
    this.native = connectNative(randomBytes(8), local, remote, clientConfig)
    socket.on('message', (datagram) => {
      this.received.push(Buffer.from(datagram))
      this.native.recv(datagram, { from: remote, to: local })
    })
  }

  /** @param host an address of 127.0.0.0/8, or a socket of a client that was here before */
  static async to(serverPort: number, host: string | Socket = '127.0.0.1'): Promise<RawClient> {
    if (typeof host !== 'string') return new RawClient(host, serverPort)
    const socket = createSocket('udp4')
    socket.bind(0, host)
    await once(socket, 'listening')
    return new RawClient(socket, serverPort)
  }

  send(datagram: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(datagram, this.#serverPort, '127.0.0.1', (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  /** What the engine wants to send next, or undefined. */
  next(): Buffer | undefined {
    const packet = Buffer.alloc(1350)
    const sent = this.native.send(packet)
    return sent === null ? undefined : packet.subarray(0, sent[0])
  }

  /** The Initial that brings the server's token back. */
  async initialWithToken(): Promise<Buffer> {
    await this.send(this.next()!)
    await until(() => this.received.length > 0)
    return this.next()!
  }

  /** Goes on until TLS is done. */
  async establish(): Promise<void> {
    await until(() => {
      for (let packet = this.next(); packet !== undefined; packet = this.next()) void this.send(packet)
      return this.native.isEstablished()
    })
    // The last flight, with which the server is done too.
    for (let packet = this.next(); packet !== undefined; packet = this.next()) await this.send(packet)
  }

  close(): void {
    this.socket.close()
  }
}
