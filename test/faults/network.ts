/** A bad network between a miner and whoever asks it. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Path, type Weather } from './weather.js'

export interface BadNetwork {
  /** Where the miner is reached through it. */
  readonly port: number
  /** Sends from other ports from then on, as a router does that forgot its table. */
  move(): void
}

interface Client {
  readonly from: RemoteInfo
  socket: Socket
}

/** @param random from 0 to 1 */
export async function badNetwork(
  target: number,
  weather: Weather,
  random: () => number,
): Promise<BadNetwork> {
  const now = () => performance.now()
  const there = new Path(weather, random, now())
  const back = new Path(weather, random, now())
  const clients = new Map<string, Client>()
  const front = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })

  front.on('message', (datagram, from) => {
    const key = `${from.address} ${from.port}`
    let client = clients.get(key)
    if (client === undefined) {
      client = { from, socket: upstream(from) }
      clients.set(key, client)
    }
    const { socket } = client
    pass(there, datagram, (bytes) => socket.send(bytes, target, '127.0.0.1', ignore))
  })

  function upstream({ port, address }: RemoteInfo): Socket {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
    socket.on('message', (datagram) =>
      pass(back, datagram, (bytes) => front.send(bytes, port, address, ignore)),
    )
    socket.on('error', () => {})
    socket.bind(0, '127.0.0.1')
    return socket
  }

  function pass(path: Path, datagram: Buffer, send: (bytes: Buffer) => void): void {
    for (const { inMs, isDamaged } of path.deliveries(datagram.length, now())) {
      const bytes = isDamaged ? damaged(datagram) : datagram
      if (inMs < 1) send(bytes)
      else setTimeout(send, inMs, bytes)
    }
  }

  function damaged(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram)
    const at = Math.floor(random() * copy.length)
    copy[at] = copy[at]! ^ (1 + Math.floor(random() * 255))
    return copy
  }

  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    port: front.address().port,
    move: () => {
      for (const client of clients.values()) {
        client.socket.close()
        client.socket = upstream(client.from)
      }
    },
  }
}

/** A peer that is gone is no fault of the network. */
function ignore(): void {}
