/** A miner without its socket, and validators that talk to it frame by frame over memory links. */
import { randomBytes } from 'node:crypto'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import { createHandshakeRequest } from '../../src/auth/handshake.js'
import type { PlainOptions, StreamOptions, SynapseDefinition } from '../../src/contract/definition.js'
import type { Handler } from '../../src/contract/handler.js'
import { type MinerOptions, open, type Signer } from '../../src/index.js'
import type { Invoke } from '../../src/server/dispatch/route.js'
import { checkMinerOptions } from '../../src/server/options.js'
import type { AnyMiddleware } from '../../src/server/policy/middleware.js'
import { type DeclaredHandler, MinerService } from '../../src/server/service.js'
import { type HandshakeEvent, Observers } from '../../src/server/watch.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { type MemoryLink, memoryLinks } from '../../src/testing/memory/link.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import type { CloseInfo } from '../../src/transport/link.js'
import {
  encodeHandshakeRequest,
  encodeSynapsePacket,
  type HandshakeRequest,
  type OutgoingData,
} from '../../src/wire/messages.js'
import { Frames, type Message } from './frames.js'
import { minerSigner, validatorSigner } from './hotkeys.js'

export const certificate = Buffer.from('a certificate')
export const fingerprint = certificateFingerprint(certificate)

export function handler<O extends PlainOptions | StreamOptions>(
  definition: SynapseDefinition<O>,
  answer: Handler<O>,
): DeclaredHandler {
  return { definition, where: `the test's ${definition.name}`, invoke: () => answer as unknown as Invoke }
}

export class ServedMiner {
  readonly clock = new FakeClock()
  readonly log = new RecordingLogger()
  readonly observers: Observers
  /** As the miner tells its observers. */
  readonly handshakes: HandshakeEvent[] = []
  readonly service: MinerService

  constructor(
    handlers: DeclaredHandler[] = [],
    options: Partial<MinerOptions> = {},
    middleware: AnyMiddleware[] = [],
  ) {
    const settings = checkMinerOptions({
      signer: minerSigner,
      access: open(),
      logger: this.log,
      clock: this.clock,
      ...options,
    })
    this.observers = new Observers(this.log, this.clock)
    this.observers.on('handshake', (event) => this.handshakes.push(event))
    this.service = new MinerService(settings, middleware, handlers, fingerprint, this.observers)
  }

  /** A connection whose TLS is done. @param from the address that the miner sees */
  connect(from = '127.0.0.1'): Peer {
    const links = memoryLinks(certificate, { host: from, port: 50_000 })
    this.service.accept(links.miner)
    return new Peer(links.validator, links.miner, this.clock)
  }

  /** A connection that has proved to be a validator's. */
  async authenticated(signer: Signer = validatorSigner): Promise<Peer> {
    const peer = this.connect()
    const response = await peer.handshake({ signer })
    if (response.accepted !== true) throw new Error('the handshake was refused')
    return peer
  }
}

export interface HandshakeChange {
  readonly signer?: Signer
  readonly now?: number
  readonly nonce?: Uint8Array
  readonly fields?: Partial<HandshakeRequest>
}

/** The validator's end of one connection. */
export class Peer {
  closed: CloseInfo | undefined
  readonly link: MemoryLink
  /** The miner's end of the same connection. */
  readonly minerLink: MemoryLink
  readonly #clock: FakeClock

  constructor(link: MemoryLink, minerLink: MemoryLink, clock: FakeClock) {
    this.link = link
    this.minerLink = minerLink
    this.#clock = clock
    link.events = {
      onClosed: (info) => {
        this.closed = info
      },
    }
  }

  /** What the miner's clock says. */
  get nowMs(): number {
    return this.#clock.unixMs()
  }

  /** Sends bytes on a new stream, and finishes it. */
  send(bytes: Uint8Array): Frames {
    const frames = this.begin(bytes)
    frames.stream.end()
    return frames
  }

  /** Sends bytes on a new stream, and leaves it open. */
  begin(bytes: Uint8Array): Frames {
    const frames = new Frames()
    frames.stream = this.link.openStream(frames)!
    frames.stream.write(bytes)
    return frames
  }

  async handshakeRequest(change: HandshakeChange = {}): Promise<HandshakeRequest> {
    const request = await createHandshakeRequest({
      signer: change.signer ?? validatorSigner,
      fingerprint,
      nonce: change.nonce ?? randomBytes(16),
      now: change.now ?? this.#clock.unixMs(),
    })
    return { ...request, ...change.fields }
  }

  /** @returns the miner's answer */
  async handshake(change: HandshakeChange = {}): Promise<Message> {
    const [answer] = await this.send(encodeHandshakeRequest(await this.handshakeRequest(change))).done
    return answer!
  }

  /** Asks a synapse and leaves the answer to the caller. */
  ask(synapseType: string, data: OutgoingData = {}): Frames {
    return this.send(encodeSynapsePacket({ synapseType, data, timestamp: 0 }))
  }

  /** Asks a synapse. @returns every message of the answer */
  answers(synapseType: string, data: OutgoingData = {}): Promise<Message[]> {
    return this.ask(synapseType, data).done
  }

  /** Asks a synapse. @returns the one message of the answer */
  async answer(synapseType: string, data: OutgoingData = {}): Promise<Message> {
    const messages = await this.answers(synapseType, data)
    if (messages.length !== 1) throw new Error(`${messages.length} messages`)
    return messages[0]!
  }
}
