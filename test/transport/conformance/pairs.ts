/**
 * What every promise of `src/transport/link.ts` is tried on: each engine with itself, crosswise, and the in-memory link.
 *
 * What no pair can do is to start at a stream id of 2^32: a peer of QUIC gives credit for so many streams only when the
 * earlier ones are over. `ids.test.ts` says where such ids are tried.
 */
import { afterEach, describe } from 'vitest'
import { memoryNetwork } from '../../../src/testing/memory/network.js'
import { createCertificate } from '../../../src/transport/certificate.js'
import type { Engine, EngineName, Listener, ListenOptions } from '../../../src/transport/engine.js'
import type { CloseInfo, Link, LinkEvents, LinkStream, StreamEvents } from '../../../src/transport/link.js'
import { loadEngine } from '../../../src/transport/load-engine.js'
import { defaultQuicOptions, type QuicOptions } from '../../../src/transport/quic-options.js'
import { echo } from '../../support/quic-pair.js'
import { settled } from '../../support/settled.js'

export const KIB = 1024
export const MIB = 1024 * KIB

/** Of a stream that nobody listens to. */
export const NOBODY: StreamEvents = { onBytes: () => {}, onEnd: () => {}, onReset: () => {} }

export interface MeetingOptions {
  /** What the listening end does with a stream. Default: sends back what came, when all of it has come. */
  readonly onStream?: (stream: LinkStream, link: Link) => void
  /** Default true. */
  readonly trusts?: boolean
  /** Of both ends, but for the streams that the dialling one allows: none. */
  readonly quic?: Partial<QuicOptions>
  readonly clientQuic?: Partial<QuicOptions>
  readonly listen?: Partial<ListenOptions>
  /** Where the client dials, when it is not the listener itself: a relay. */
  readonly via?: (port: number) => Promise<number>
  readonly clientEvents?: LinkEvents
}

/** A connection, seen from both ends. */
export interface Meeting {
  readonly client: Link
  readonly server: Link
  readonly listener: Listener
  readonly clientClosed: Promise<CloseInfo>
  readonly serverClosed: Promise<CloseInfo>
  /** A stream of the client's, as soon as there is a slot. */
  open(events?: StreamEvents): Promise<LinkStream>
  /** All that is answered. @throws Error when the stream is reset */
  ask(bytes: Uint8Array): Promise<Buffer>
}

/** The dialling end's engine, and the listening end's. */
export interface QuicPair {
  readonly client: Engine
  readonly server: Engine
}

export interface Pair {
  readonly name: string
  readonly quic: QuicPair | undefined
  meet(options?: MeetingOptions): Promise<Meeting>
}

const closing: (() => unknown)[] = []
/** Runs when the test is over; the last one first. */
export const atEnd = (close: () => unknown): void => void closing.push(close)

async function engine(name: EngineName): Promise<Engine | undefined> {
  try {
    return (await loadEngine(name)).engine
  } catch (error) {
    if (process.env.CI === undefined) return undefined
    throw error
  }
}

const engines = { quinn: await engine('quinn'), quiche: await engine('quiche') }

/** Client and server of each pair. */
const CROSSES: readonly (readonly [EngineName, EngineName])[] = [
  ['quinn', 'quinn'],
  ['quiche', 'quiche'],
  ['quinn', 'quiche'],
  ['quiche', 'quinn'],
]

/** `tests` for each pair whose engines are built; the others are skipped, except in CI, where that is an error. */
export function onQuicPairs(what: string, tests: (pair: Pair & { readonly quic: QuicPair }) => void): void {
  for (const [clientName, serverName] of CROSSES) {
    const [client, server] = [engines[clientName], engines[serverName]]
    const name = `${clientName} to ${serverName}`
    if (client === undefined || server === undefined) describe.skip(`${what}, ${name}: not built`, () => {})
    else
      group(what, { name, quic: { client, server }, meet: (options) => meet(client, server, options) }, tests)
  }
}

export function onAllPairs(what: string, tests: (pair: Pair) => void): void {
  onQuicPairs(what, tests)
  group(what, { name: 'in memory', quic: undefined, meet: meetInMemory }, tests)
}

export function meetInMemory(options?: MeetingOptions): Promise<Meeting> {
  const memory = memoryNetwork().at()
  return meet(memory, memory, options)
}

function group<P extends Pair>(what: string, pair: P, tests: (pair: P) => void): void {
  describe(`${what}, ${pair.name}`, () => {
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })
    tests(pair)
  })
}

export async function meet(client: Engine, server: Engine, options: MeetingOptions = {}): Promise<Meeting> {
  const { via, listen, quic, clientQuic, clientEvents = {} } = options
  const served = serverSide(options)
  const listener = await server.listen({
    host: '127.0.0.1',
    port: 0,
    certificate: createCertificate(),
    quic: { ...defaultQuicOptions, ...quic },
    onConnection: served.onConnection,
    ...listen,
  })
  atEnd(() => listener.close('server_shutdown'))
  const { host } = listener.address
  const port = via === undefined ? listener.address.port : await via(listener.address.port)
  const dialled = await dial(client, host, port, { ...quic, ...clientQuic }, clientEvents)
  return { ...dialled, ...(await served.met), listener }
}

/** The dialling end of a meeting. */
export type Dialled = Pick<Meeting, 'client' | 'clientClosed' | 'open' | 'ask'>

/** @throws CloseInfo when the link closes before it is established */
export async function dial(
  client: Engine,
  host: string,
  port: number,
  quic: Partial<QuicOptions> = {},
  given: LinkEvents = {},
): Promise<Dialled> {
  const dialler = client.dialler({ ...defaultQuicOptions, ...quic, maxPeerStreams: 0 })
  atEnd(() => dialler.close())
  const opener = new Opener()
  const closed = settled<CloseInfo>()
  const established = settled<void>()
  established.promise.catch(() => {})
  const events: LinkEvents = {
    onEstablished: () => {
      given.onEstablished?.()
      established.resolve()
    },
    onStreamSlot: () => {
      given.onStreamSlot?.()
      opener.retry()
    },
    onSilence: (isSilent) => given.onSilence?.(isSilent),
    onClosed: (info) => {
      given.onClosed?.(info)
      closed.resolve(info)
      established.reject(info)
      opener.retry()
    },
  }
  const link = await dialler.dial({ host, port }, events)
  atEnd(() => link.close(0, 'client_shutdown'))
  await established.promise
  opener.link = link
  return { client: link, clientClosed: closed.promise, open: opener.open, ask: opener.ask }
}

/** Takes one connection, and does with its streams what a test wants. */
function serverSide({ onStream = echo, trusts = true }: MeetingOptions) {
  const met = settled<{ server: Link; serverClosed: Promise<CloseInfo> }>()
  const closed = settled<CloseInfo>()
  const onConnection = (link: Link): void => {
    if (trusts) link.trust()
    link.events = { onStream: (stream) => onStream(stream, link), onClosed: closed.resolve }
    met.resolve({ server: link, serverClosed: closed.promise })
  }
  return { met: met.promise, onConnection }
}

class Opener {
  link!: Link
  readonly #waiting: (() => void)[] = []

  /** There is a slot, or there never will be one. */
  retry(): void {
    for (const attempt of this.#waiting.splice(0)) attempt()
  }

  readonly open = (events: StreamEvents = NOBODY): Promise<LinkStream> =>
    new Promise((resolve, reject) => {
      const attempt = () => {
        const stream = this.link.openStream(events)
        if (stream !== undefined) resolve(stream)
        else if (this.link.closed !== undefined) reject(new Error(this.link.closed.reason))
        else this.#waiting.push(attempt)
      }
      attempt()
    })

  readonly ask = async (bytes: Uint8Array): Promise<Buffer> => {
    const answer = new Received()
    const stream = await this.open(answer)
    stream.end(bytes)
    return answer.whole
  }
}

/** What comes on a stream, and how it ends. */
export class Received implements StreamEvents {
  readonly #chunks: Buffer[] = []
  readonly #whole = settled<Buffer>()
  /** What was told, in its order; bytes once, however many chunks there were. */
  readonly told: string[] = []
  length = 0

  constructor() {
    this.#whole.promise.catch(() => {})
  }

  /** All that came, when the peer has finished. @throws Error with the reason when the stream is reset */
  get whole(): Promise<Buffer> {
    return this.#whole.promise
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  #tell(event: string): void {
    if (this.told.at(-1) !== event) this.told.push(event)
  }

  onBytes(bytes: Uint8Array): void {
    this.#tell('bytes')
    this.length += bytes.length
    this.#chunks.push(Buffer.from(bytes))
  }

  onEnd(): void {
    this.#tell('end')
    this.#whole.resolve(this.bytes)
  }

  onStopped(): void {
    this.#tell('stopped')
  }

  onReset(reason: string): void {
    this.told.push(`reset: ${reason}`)
    this.#whole.reject(new Error(reason))
  }
}

/** Resolves when `condition` holds, looked at once a loop turn. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** `size` bytes, in which every misplaced piece shows. */
export function pattern(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16) + seed) & 0xff
  return bytes
}
