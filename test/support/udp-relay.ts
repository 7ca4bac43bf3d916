import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface Relay {
  readonly port: number
  /** Every datagram that the client sent, as it was. */
  readonly fromClient: Buffer[]
  /** Sends to the server from the relay's own port, as if it came from the client. */
  sendAsClient(datagram: Uint8Array): void
  /** From here on nothing passes, either way, and nobody is told. */
  goSilent(): void
  /** Takes `goSilent` back. */
  goOn(): void
  /** Sends to the server from another port from here on, as a router does that forgot its table. */
  move(): Promise<void>
  close(): void
}

/** A UDP relay between one client and a server on loopback, which keeps what it sees. */
export async function relayTo(serverPort: number): Promise<Relay> {
  const front = createSocket('udp4')
  let back = createSocket('udp4')
  const fromClient: Buffer[] = []
  let client: RemoteInfo | undefined
  let silent = false
  front.on('message', (datagram, from) => {
    client = from
    fromClient.push(Buffer.from(datagram))
    if (!silent) back.send(datagram, serverPort, '127.0.0.1')
  })
  const onAnswer = (datagram: Buffer) =>
    client && !silent && front.send(datagram, client.port, client.address)
  back.on('message', onAnswer)
  await Promise.all([bound(front), bound(back)])
  return {
    port: front.address().port,
    fromClient,
    sendAsClient: (datagram) => back.send(datagram, serverPort, '127.0.0.1'),
    goSilent: () => {
      silent = true
    },
    goOn: () => {
      silent = false
    },
    move: async () => {
      back.close()
      back = createSocket('udp4').on('message', onAnswer)
      await bound(back)
    },
    close: () => {
      front.close()
      back.close()
    },
  }
}

async function bound(socket: Socket): Promise<void> {
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
}
