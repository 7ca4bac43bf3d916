/** One stream of a validator's connection: its one request frame, and who answers it. */
import type { Clock } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Summary } from '../summary.js'
import type { Link, LinkStream, StreamEvents } from '../transport/link.js'
import { FrameDecoder, type FrameEvents } from '../wire/frame.js'
import { MessageType, messageTypeName } from '../wire/message-type.js'
import { decodeSynapsePacket, type SynapsePacket } from '../wire/messages.js'
import { CLOSE_CODE, CloseReason, ErrorText } from '../wire/protocol-texts.js'
import type { Admission } from './admission.js'
import type { Dispatcher, Running } from './dispatch/dispatcher.js'
import { FrameReply, failureFrame } from './dispatch/frame-reply.js'
import type { FairLoop, LoopWork } from './fair-loop.js'
import type { MemoryGuard } from './memory-guard.js'
import type { Watched } from './progress-watch.js'
import type { Session } from './session.js'

/** THREATS M4: what a stranger may make us read. A handshake request has 185 bytes. */
const MAX_FRAME_OF_A_STRANGER = 4096

/** What an exchange needs of the miner. */
export interface ExchangeHost {
  readonly admission: Admission
  readonly dispatcher: Dispatcher
  readonly loop: FairLoop
  readonly memory: MemoryGuard
  readonly clock: Clock
  readonly logger: Logger
  readonly noise: Summary
  readonly maxFrameBytes: number
  readonly handshakeTimeoutMs: number
  after(ms: number, run: () => void): () => void
  /** Whether the miner is stopping, and starts nothing any more. */
  readonly isStopping: boolean
}

export class Exchange implements StreamEvents, FrameEvents, LoopWork, Watched {
  readonly #stream: LinkStream
  readonly #session: Session
  readonly #link: Link
  readonly #host: ExchangeHost
  readonly #frames: FrameDecoder
  #asked = false
  /** A synapse's, until it begins. */
  #payload: Uint8Array | undefined
  #received = 0
  /** Its sender has to leave the loop to others before more is read. */
  #isHeld = false
  #isOver = false
  #reply: FrameReply | undefined
  #running: Running | undefined
  #cancelTimer: (() => void) | undefined

  constructor(stream: LinkStream, session: Session, link: Link, host: ExchangeHost) {
    this.#stream = stream
    this.#session = session
    this.#link = link
    this.#host = host
    this.#frames = new FrameDecoder(this, host.maxFrameBytes)
    if (session.isStranger) {
      this.#cancelTimer = host.after(host.handshakeTimeoutMs, () => {
        this.#isOver = true
        stream.reset()
      })
    }
  }

  onBytes(bytes: Uint8Array): void {
    this.#received += bytes.length
    if (!this.#session.takesBytes(bytes.length)) {
      this.#link.close(CLOSE_CODE, CloseReason.cleanup)
      return
    }
    try {
      this.#frames.push(bytes)
      if (!this.#asked) this.#readOn(bytes.length)
    } catch (error) {
      this.#giveUp(error)
    }
  }

  #readOn(bytes: number): void {
    const { place } = this.#session
    if (place === undefined || this.#isHeld || !this.#host.loop.read(place, bytes, this)) return
    this.#isHeld = true
    this.#stream.pause()
  }

  onEnd(): void {
    try {
      this.#frames.end()
      if (!this.#asked) throw new LevinError('PROTOCOL', 'the stream ended without a request')
    } catch (error) {
      this.#giveUp(error)
    }
  }

  progress(): number | undefined {
    if (!this.#asked) return this.#isHeld ? undefined : this.#received
    return this.#stream.waiting > 0 ? -this.#stream.waiting : undefined
  }

  abandon(): void {
    this.onReset('the peer does nothing')
    this.#stream.reset()
  }

  /** Bytes of its request that are kept until it begins. */
  get keptBytes(): number {
    return this.#asked ? (this.#payload?.length ?? 0) : this.#received
  }

  onDrain(): void {
    this.#reply?.drained()
    this.#running?.drained()
    this.#session.egress.drained()
  }

  onStopped(): void {
    this.#isOver = true
    this.#payload = undefined
    this.#running?.cancel('the caller wants no answer any more')
    this.#session.egress.drained()
  }

  onReset(reason: string): void {
    this.#isOver = true
    this.#payload = undefined
    this.#cancelTimer?.()
    this.#running?.cancel(reason)
    this.#session.egress.drained()
  }

  onHeader(type: MessageType, length: number): void {
    const { isAuthenticated, isLeaving } = this.#session
    if (isAuthenticated || length <= MAX_FRAME_OF_A_STRANGER) return
    if (isLeaving) throw new LevinError('PROTOCOL', `${length} bytes on a connection that was replaced`)
    if (type === MessageType.SynapsePacket) this.#fail(ErrorText.authenticationFailed)
    throw new LevinError('PROTOCOL', `${length} bytes before the handshake`)
  }

  onFrame(type: MessageType, payload: Uint8Array): void {
    this.#asked = true
    this.#frames.stop() // PROTOCOL: one frame a request; what follows it is ignored
    if (type === MessageType.HandshakeRequest) void this.#handshake(payload)
    else if (type === MessageType.SynapsePacket) this.#take(payload)
    else throw new LevinError('PROTOCOL', `a ${messageTypeName(type)} is nothing that a validator asks`)
  }

  async #handshake(payload: Uint8Array): Promise<void> {
    const { admission } = this.#host
    this.#answer(await admission.answer(payload, this.#session, this.#link, () => !this.#isOver))
  }

  #take(payload: Uint8Array): void {
    const { place } = this.#session
    if (place === undefined) {
      this.#synapse(payload)
      return
    }
    const { dispatcher, loop, memory } = this.#host
    if (memory.refuses(dispatcher.running)) {
      this.#fail(ErrorText.requestProcessingFailed)
      return
    }
    this.#payload = payload
    const { egress } = this.#session
    if (egress.isFull) egress.whenRoom(() => loop.take(place, this))
    else loop.take(place, this)
  }

  /** It is its turn; its peer may have given it up meanwhile. */
  begin(): void {
    if (this.#isOver) return
    if (this.#isHeld) {
      this.#isHeld = false
      this.#stream.resume()
      return
    }
    const payload = this.#payload
    this.#payload = undefined
    if (payload === undefined) return
    try {
      this.#synapse(payload)
    } catch (error) {
      this.#giveUp(error)
    }
  }

  #synapse(payload: Uint8Array): void {
    const { clock, dispatcher, isStopping, maxFrameBytes } = this.#host
    this.#cancelTimer?.() // it is no handshake
    let packet: SynapsePacket
    try {
      packet = decodeSynapsePacket(payload)
    } catch (error) {
      this.#report('refused a malformed request', error)
      const text = this.#session.isAuthenticated
        ? ErrorText.invalidRequestFormat
        : ErrorText.authenticationFailed
      this.#fail(text)
      return
    }
    const { isAuthenticated, isLeaving } = this.#session
    if (isLeaving || (isAuthenticated && isStopping)) {
      this.#stream.reset()
    } else if (!isAuthenticated) {
      this.#fail(ErrorText.authenticationFailed, dispatcher.route(packet.synapseType)?.isStream)
    } else {
      this.#reply = new FrameReply(this.#stream, clock, maxFrameBytes)
      this.#running = dispatcher.dispatch(packet, this.#session, this.#reply)
    }
  }

  /** What a validator does wrong is a line each, for whoever looks into it; what strangers do is counted. */
  #report(what: string, error: unknown): void {
    const { hotkey, isStranger, remote } = this.#session
    if (!isStranger) this.#host.logger.debug(what, { hotkey, remote, error })
    else this.#host.noise.note(what, `${what} of a stranger`, { remote, error })
  }

  #fail(text: ErrorText, isStream = false): void {
    this.#answer(failureFrame(text, isStream, this.#host.clock))
  }

  #answer(frame: Uint8Array): void {
    this.#cancelTimer?.()
    this.#stream.end(frame)
  }

  /** An error of this stream only. The answering side is finished, as the reference does, and the rest is not read. */
  #giveUp(error: unknown): void {
    this.#cancelTimer?.()
    this.#report('gave up a stream', error)
    if (!this.#asked && !this.#session.isLeaving) this.#stream.end()
    this.#stream.reset()
  }
}
