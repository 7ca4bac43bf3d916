import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface Relay {
  readonly port: number
  /** Every datagram that the clients sent, as it was. */
  readonly fromClient: Buffer[]
  /** Sends to the server from the port that stands for the client that was heard last, as if it came from there. */
  sendAsClient(datagram: Uint8Array): void
  /** From here on nothing passes, either way, and nobody is told. */
  goSilent(): void
  /** Takes `goSilent` back. */
  goOn(): void
  /** Sends to the server from other ports from here on, as a router does that forgot its table. */
  move(): void
  close(): void
}

/** A UDP relay between clients and a server on loopback, which keeps what it sees. Each client has a port of its own. */
export async function relayTo(serverPort: number): Promise<Relay> {
  const front = createSocket('udp4')
  const fromClient: Buffer[] = []
  const backs = new Map<number, Socket>()
  let last: Socket | undefined
  let silent = false
  const backOf = (clientPort: number): Socket => {
    let back = backs.get(clientPort)
    if (back === undefined) {
      back = createSocket('udp4')
      back.on('message', (datagram) => !silent && front.send(datagram, clientPort, '127.0.0.1'))
      backs.set(clientPort, back)
    }
    return back
  }
  const forget = (): void => {
    for (const back of backs.values()) back.close()
    backs.clear()
  }
  front.on('message', (datagram, { port }) => {
    fromClient.push(Buffer.from(datagram))
    last = backOf(port)
    if (!silent) last.send(datagram, serverPort, '127.0.0.1')
  })
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    port: front.address().port,
    fromClient,
    sendAsClient: (datagram) => last!.send(datagram, serverPort, '127.0.0.1'),
    goSilent: () => {
      silent = true
    },
    goOn: () => {
      silent = false
    },
    move: forget,
    close: () => {
      front.close()
      forget()
    },
  }
}
