/** A way to a miner on which clients come from many addresses, as they do in the world. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** From here on, they come from the same ones again. */
const ADDRESSES = 1_024
/** Silence after which a client is gone. */
const GONE_MS = 5_000

interface Client {
  readonly socket: Socket
  heardAt: number
}

export async function relayFromEverywhere(serverPort: number): Promise<{ port: number; close(): void }> {
  const front = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
  const clients = new Map<number, Client>()
  let next = 0
  const enter = (clientPort: number): Client => {
    const socket = createSocket('udp4')
    socket.on('error', () => {}) // what the kernel says of a port that is closed
    socket.on('message', (datagram) => front.send(datagram, clientPort, '127.0.0.1'))
    const n = next++ % ADDRESSES
    socket.bind(0, `127.100.${Math.floor(n / 256)}.${n % 256}`)
    return { socket, heardAt: 0 }
  }
  front.on('message', (datagram, { port }) => {
    let client = clients.get(port)
    if (client === undefined) {
      client = enter(port)
      clients.set(port, client)
    }
    client.heardAt = performance.now()
    client.socket.send(datagram, serverPort, '127.0.0.1')
  })
  const sweep = setInterval(() => {
    for (const [port, { socket, heardAt }] of clients) {
      if (performance.now() - heardAt < GONE_MS) continue
      clients.delete(port)
      socket.close()
    }
  }, GONE_MS / 5)
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    port: front.address().port,
    close() {
      clearInterval(sweep)
      front.close()
      for (const { socket } of clients.values()) socket.close()
      clients.clear()
    },
  }
}
