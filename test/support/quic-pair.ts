import { createCertificate } from '../../src/transport/certificate.js'
import type { Engine, Listener } from '../../src/transport/engine.js'
import type { CloseInfo, Link, LinkStream, StreamEvents } from '../../src/transport/link.js'
import { checkEngine, loadEngine } from '../../src/transport/load-engine.js'
import { defaultQuicOptions, type QuicOptions } from '../../src/transport/quic-options.js'

export interface Server {
  readonly endpoint: Listener
  readonly port: number
  readonly certificate: Uint8Array
  readonly links: Link[]
  readonly closed: CloseInfo[]
}

/** The engine that the environment asks for, unless a test wants a certain one. */
const engineOf = async (engine: Engine | undefined): Promise<Engine> =>
  engine ?? (await loadEngine(checkEngine('the test', undefined))).engine

/** What a server does with each stream when nothing else is said: sends back what came, when all of it has come. */
export function echo(stream: LinkStream): void {
  const chunks: Uint8Array[] = []
  stream.events = {
    onBytes: (bytes) => chunks.push(Buffer.from(bytes)),
    onEnd: () => stream.end(Buffer.concat(chunks)),
    onReset: () => {},
  }
}

export async function serve(
  onStream: (stream: LinkStream, link: Link) => void = echo,
  quic: Partial<QuicOptions> = {},
  host = '127.0.0.1',
  engine?: Engine,
): Promise<Server> {
  const certificate = createCertificate()
  const links: Link[] = []
  const closed: CloseInfo[] = []
  const endpoint = await (await engineOf(engine)).listen({
    host,
    port: 0,
    certificate,
    quic: { ...defaultQuicOptions, ...quic },
    onConnection: (link) => {
      links.push(link)
      link.trust()
      link.events = { onStream: (stream) => onStream(stream, link), onClosed: (info) => closed.push(info) }
    },
  })
  return { endpoint, port: endpoint.address.port, certificate: certificate.der, links, closed }
}

export interface Client {
  readonly link: Link
  /** Resolves when the link is closed. */
  readonly closed: Promise<CloseInfo>
  ask(bytes: Uint8Array): Promise<Buffer>
  open(events: StreamEvents): Promise<LinkStream>
}

/** @throws CloseInfo when the link closes before it is established */
export async function dial(
  port: number,
  quic: Partial<QuicOptions> = {},
  host = '127.0.0.1',
  engine?: Engine,
): Promise<Client> {
  const options = { ...defaultQuicOptions, maxPeerStreams: 0, ...quic }
  const dialler = (await engineOf(engine)).dialler(options)
  let link!: Link
  const waiting: (() => void)[] = []
  let tellClosed!: (info: CloseInfo) => void
  const closed = new Promise<CloseInfo>((resolve) => {
    tellClosed = resolve
  })
  await new Promise<void>((resolve, reject) => {
    const events = {
      onEstablished: resolve,
      onStreamSlot: () => {
        for (const retry of waiting.splice(0)) retry()
      },
      onClosed: (info: CloseInfo) => {
        tellClosed(info)
        reject(info)
      },
    }
    dialler.dial({ host, port }, events).then((dialled) => {
      link = dialled
    }, reject)
  })
  const open = (events: StreamEvents): Promise<LinkStream> =>
    new Promise((resolve) => {
      const attempt = () => {
        const stream = link.openStream(events)
        if (stream === undefined) waiting.push(attempt)
        else resolve(stream)
      }
      attempt()
    })
  const ask = (bytes: Uint8Array): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = []
      void open({
        onBytes: (chunk) => chunks.push(Buffer.from(chunk)),
        onEnd: () => resolve(Buffer.concat(chunks)),
        onReset: (reason) => reject(new Error(reason)),
      }).then((stream) => stream.end(bytes))
    })
  return { link, closed, ask, open }
}
