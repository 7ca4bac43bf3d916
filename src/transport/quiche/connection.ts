/**
 * One QUIC connection, from either end: a shell of five verbs around the engine's connection object, which does no IO:
 * receive a datagram, process what it brought, transmit, re-arm the timer, handle the timer.
 */
import type { Clock } from '../../clock.js'
import { shown } from '../../shown.js'
import type { Address, CloseInfo, Link, LinkEvents, LinkStream, StreamEvents } from '../link.js'
import { OverheadBudget } from '../overhead-budget.js'
import type { PeerLimits } from '../peer-limits.js'
import { Allowance } from './allowance.js'
import { MAX_PACKET_BYTES } from './config.js'
import { engineAddress, type HostPort, type NativeConnection } from './native.js'
import { Silence } from './silence.js'
import { QuicStream, ReceiveSlab, type StreamHost } from './stream.js'
import { StreamList } from './stream-list.js'
import type { Turn, TurnMember } from './turn.js'

/**
 * How often streams whose answer is being computed are asked whether the peer still wants it. The engine does not
 * tell of a STOP_SENDING by itself, and asking costs 0.2 us a stream.
 */
const STOP_CHECK_MS = 25
/** Each packet is a system call here: more of them keep the loop too long. */
const MOST_PACKETS_PER_TURN = 64
/** The least time a timer is set to: the engine may answer 0 again and again (THREATS M11). */
const LEAST_TIMER_MS = 1
/** Streams that we finished last and the engine may still hold: more than a peer may have open at once. */
const REMEMBERED_STREAMS = 512
/** Bits of a stream id (RFC 9000, section 2.1): client-initiated bidirectional ids are 0, 4, 8, ... */
const STREAM_ID_STEP = 4

/** What a connection needs of the socket that it lives on. */
export interface PacketIo {
  readonly clock: Clock
  readonly turn: Turn
  send(packet: Buffer, length: number): void
  /** A peer is cut off because its budget is empty. */
  overdrawn(): void
  /** The engine is done with the connection; nothing is sent or received any more. */
  gone(connection: Connection): void
}

/**
 * Packets are written into a ring of buffers. Node sends at once in nearly every case; the one that the kernel
 * postpones would have to wait for 512 others to be overwritten, and would then be one more lost packet.
 */
const RING_PACKETS = 512
const ring = Array.from({ length: RING_PACKETS }, () => Buffer.allocUnsafeSlow(MAX_PACKET_BYTES))
let ringNext = 0
function nextPacketBuffer(): Buffer {
  ringNext = (ringNext + 1) % RING_PACKETS
  return ring[ringNext]!
}

/** Where received bytes go, for the time in which they are looked at. */
const slab = new ReceiveSlab()

export class Connection implements Link, TurnMember, StreamHost {
  readonly native: NativeConnection
  readonly remote: Address
  readonly slab = slab
  readonly allowance: Allowance
  readonly budget: OverheadBudget
  events: LinkEvents = {}
  queuedToProcess = false
  queuedToTransmit = false
  peerCertificate: Uint8Array | undefined
  closed: CloseInfo | undefined
  waiting = 0

  readonly #io: PacketIo
  readonly #isServer: boolean
  readonly #limits: PeerLimits
  readonly #keepAliveMs: number
  readonly #path: { from: HostPort; to: HostPort }
  readonly #bornAt: number
  #established = false
  #gone = false
  #strangerBytes = 0
  #isTrusted: boolean
  #heardAt: number
  readonly #silence = new Silence()
  /** TLS with a Retry takes two round trips, which the engine does not tell of without a costly call. */
  #roundTripsMs = 0

  readonly #streams = new StreamList()
  readonly #blocked = new Set<QuicStream>()
  #nextOwnStream = 0
  #nextPeerStream = 0
  /** Streams that were opened and not written to yet, which the engine does not count. */
  #unstarted = 0
  #slotWanted = false
  /** Ids of streams that are over for their owner, while the peer may not have all of them yet. */
  #finished: number[] = []
  #whenFlushed: (() => void)[] = []
  #unchecked = false
  #stopCheckAt = 0

  #timerAt = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined

  constructor(
    native: NativeConnection,
    isServer: boolean,
    local: HostPort,
    remote: Address,
    keepAliveMs: number,
    limits: PeerLimits,
    io: PacketIo,
  ) {
    this.native = native
    this.remote = remote
    this.#isServer = isServer
    this.#isTrusted = !isServer
    this.#keepAliveMs = keepAliveMs
    this.#limits = limits
    this.allowance = new Allowance(Math.min(limits.packetsPerTurn, MOST_PACKETS_PER_TURN))
    this.budget = new OverheadBudget(limits.overheadBytes)
    this.#io = io
    this.#path = { from: engineAddress(remote), to: engineAddress(local) }
    this.#bornAt = io.clock.monotonicMs()
    this.#heardAt = this.#bornAt
  }

  get isEstablished(): boolean {
    return this.#established
  }

  // ---- receive

  /** A datagram from the pinned address. The engine decrypts it in place. */
  receive(datagram: Buffer): void {
    if (this.#gone) return
    if (!this.budget.received(datagram.length) && !this.budget.isOfPeer(this.native.stats().recv)) {
      this.#io.overdrawn()
      this.abandon('too much that carried nothing')
      return
    }
    if (!this.#isTrusted && !this.#mayReceive(datagram.length)) return
    this.sendUnsent() // the datagram may be about a stream that the peer gives up
    this.allowance.heard()
    try {
      this.native.recv(datagram, this.#path)
    } catch {
      // Either a packet that is not for us, to be ignored, or a fault that has put the engine's state to closing,
      // which process() sees.
    }
    this.#io.turn.received(this)
  }

  /** @returns false when a stranger has sent too much, and the connection is gone */
  #mayReceive(bytes: number): boolean {
    this.#strangerBytes += bytes
    const { halfOpenBytes, strangerBytes } = this.#limits
    if (this.#strangerBytes <= (this.#established ? strangerBytes : halfOpenBytes)) return true
    const reason = `too many bytes before ${this.#established ? 'the handshake' : 'TLS was done'}`
    this.#vanish({ by: 'failed', code: 0, reason, application: false })
    return false
  }

  // ---- process

  process(): void {
    if (this.#gone) return
    this.#heardAt = this.#io.clock.monotonicMs()
    this.#hear()
    if (!this.#established && !this.#establish()) return
    this.#resumeBlocked()
    this.#readStreams()
    if (this.#slotWanted && this.#slotsLeft() > 0) {
      this.#slotWanted = false
      this.events.onStreamSlot?.()
    }
    this.#unchecked = true
    this.#checkStopped()
    if (this.#whenFlushed.length > 0) this.#checkFlushed()
    if (this.native.isDraining()) this.#noticeEnd()
  }

  #hear(): void {
    const { isSilent } = this.#silence
    this.#silence.heard()
    if (isSilent && this.closed === undefined) this.events.onSilence?.(false)
  }

  #establish(): boolean {
    if (!this.native.isEstablished()) {
      if (this.native.isDraining() || this.native.isClosed()) this.#noticeEnd()
      return false
    }
    this.#established = true
    this.#roundTripsMs = this.#heardAt - this.#bornAt
    if (!this.#isServer) this.peerCertificate = this.native.peerCertChain()?.[0]
    this.events.onEstablished?.()
    return !this.#gone
  }

  #resumeBlocked(): void {
    if (this.#blocked.size === 0) return
    const streams = [...this.#blocked]
    for (const stream of streams) {
      this.#blocked.delete(stream)
      if (stream.resumeWriting()) this.#blocked.add(stream) // at the end, so that each gets its turn
    }
  }

  /**
   * Asking the engine for its list of readable streams costs 12 us even when it is empty, and asking for one stream
   * 0.2 us: so the streams in flight are asked in their order, then those that the peer may open next.
   */
  #readStreams(): void {
    const { native } = this
    if (!native.isReadable()) return
    let stream = this.#streams.first
    while (stream !== undefined) {
      const following = stream.next // reading may end the stream, which takes it from the list
      if (stream.isReading && native.streamReadable(stream.id)) {
        stream.read()
        if (!native.isReadable()) return
      }
      stream = following
    }
    if (this.#isServer) {
      while (this.closed === undefined && native.streamReadable(this.#nextPeerStream)) {
        this.#acceptStream().read()
      }
    }
    if (this.closed !== undefined || !native.isReadable()) return
    for (const id of native.readable()) this.#readStream(id)
  }

  #readStream(id: number): void {
    if (this.#isServer) while (this.closed === undefined && this.#nextPeerStream <= id) this.#acceptStream()
    this.#streams.find(id)?.read()
  }

  #acceptStream(): QuicStream {
    const stream = this.#addStream(this.#nextPeerStream, REFUSE, false)
    this.#nextPeerStream += STREAM_ID_STEP
    if (this.events.onStream === undefined) stream.reset()
    else this.events.onStream(stream)
    return stream
  }

  #addStream(id: number, events: StreamEvents, isOwn: boolean): QuicStream {
    const stream = new QuicStream(id, this, events, isOwn)
    this.#streams.add(stream)
    return stream
  }

  #checkStopped(): void {
    if (!this.#unchecked || !this.#isServer) return
    if (this.#heardAt - this.#stopCheckAt < STOP_CHECK_MS) return
    this.#stopCheckAt = this.#heardAt
    this.#unchecked = false
    for (const stream of this.#streams.toArray()) if (stream.isAnswering) stream.checkStopped()
  }

  /** The engine has left the open state: say why, once. */
  #noticeEnd(): void {
    if (this.closed === undefined) this.#end(this.#closeInfo())
  }

  #closeInfo(): CloseInfo {
    const peer = this.native.peerError()
    const error = peer ?? this.native.localError()
    if (this.native.isTimedOut() && error === null) {
      return this.#established
        ? { by: 'idle', code: 0, reason: 'nothing was heard for the idle timeout', application: false }
        : { by: 'failed', code: 0, reason: 'no answer', application: false }
    }
    if (error === null) {
      // Only a stateless reset ends a client's connection like this. It comes from who does not know it any more.
      const isReset = this.#established && !this.#isServer
      const reason = isReset
        ? 'the peer lost the state of this connection: it restarted'
        : 'closed without a reason'
      return { by: 'failed', code: 0, reason, application: false }
    }
    const reason = shown(Buffer.from(error.reason).toString('utf8'))
    const by = peer !== null ? 'peer' : 'failed'
    return { by, code: error.errorCode, reason, application: error.isApp }
  }

  #end(info: CloseInfo): void {
    this.closed = info
    const streams = this.#streams.toArray()
    this.#blocked.clear()
    const why = info.reason === '' ? `connection closed (${info.by}, code ${info.code})` : info.reason
    for (const stream of streams) {
      this.#streams.remove(stream)
      stream.lost(why)
    }
    for (const resolve of this.#whenFlushed.splice(0)) resolve()
    this.events.onClosed?.(info)
  }

  // ---- transmit

  transmit(): boolean {
    if (this.#gone) return false
    do {
      this.#sendPackets()
      if (this.#blocked.size > 0) this.#resumeBlocked()
    } while (this.allowance.hasUnsent)
    this.#settle()
    return this.allowance.renew()
  }

  #sendPackets(): void {
    const { allowance } = this
    let hasSent = false
    while (allowance.packets > 0) {
      const packet = nextPacketBuffer()
      let sent: ReturnType<NativeConnection['send']>
      try {
        sent = this.native.send(packet)
      } catch {
        sent = null // the engine closed the connection over it
      }
      if (sent === null) break
      this.#io.send(packet, sent[0])
      this.budget.sent(sent[0])
      allowance.packets--
      hasSent = true
    }
    if (hasSent && this.#established && !this.#isServer)
      this.#silence.sent(this.#io.clock.monotonicMs(), this.#heardAt)
    allowance.sentAll()
  }

  /** After anything that may have moved the engine's state: notice the end, or re-arm the timer. */
  #settle(): void {
    if (this.native.isClosed()) {
      this.#noticeEnd()
      this.#release()
      return
    }
    if (this.native.isDraining()) this.#noticeEnd()
    this.#rearm()
  }

  // ---- the timer

  #rearm(): void {
    if (this.#gone) return
    const now = this.#io.clock.monotonicMs()
    const engine = this.native.timeout()
    let deadline = engine === null ? Number.POSITIVE_INFINITY : now + Math.max(LEAST_TIMER_MS, engine)
    if (this.closed === undefined) {
      deadline = Math.min(deadline, this.#silence.deadline(this.#roundTripsMs))
      if (this.#keepsAlive) deadline = Math.min(deadline, this.#heardAt + this.#keepAliveMs)
      else if (this.#isServer && !this.#established)
        deadline = Math.min(deadline, this.#bornAt + this.#limits.halfOpenMs)
      if (this.#unchecked && this.#isServer && this.#streams.size > 0) {
        deadline = Math.min(deadline, this.#stopCheckAt + STOP_CHECK_MS)
      }
    }
    // A deadline that moves later is left to the timer that is set already: it looks again when it fires.
    if (deadline >= this.#timerAt || deadline === Number.POSITIVE_INFINITY) return
    this.#cancelTimer?.()
    this.#timerAt = deadline
    this.#cancelTimer = this.#io.clock.after(Math.max(LEAST_TIMER_MS, deadline - now), this.#onTimer)
  }

  readonly #onTimer = (): void => {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#cancelTimer = undefined
    if (this.#gone) return
    const now = this.#io.clock.monotonicMs()
    if (!this.#established && this.#isServer && now - this.#bornAt >= this.#limits.halfOpenMs) {
      this.#vanish({ by: 'failed', code: 0, reason: 'TLS was not done in time', application: false })
      return
    }
    if (this.closed === undefined && this.#silence.expire(now, this.#roundTripsMs))
      this.events.onSilence?.(true)
    if (this.#gone) return
    this.native.onTimeout() // does nothing when none of the engine's own deadlines has passed
    if (this.#established && this.closed === undefined) {
      if (this.#keepsAlive && now - this.#heardAt >= this.#keepAliveMs) {
        this.native.sendAckEliciting()
        this.#heardAt = now // the next one after another silence; the engine keeps the idle timeout by itself
      }
      if (this.#unchecked) {
        this.#stopCheckAt = 0
        this.#checkStopped()
      }
    }
    this.#io.turn.wantsToSend(this)
  }

  /** Strangers keep themselves alive, or go. */
  get #keepsAlive(): boolean {
    return this.#established && this.#isTrusted
  }

  // ---- what the owner calls

  trust(): void {
    this.#isTrusted = true
    this.#rearm()
  }

  streams(): readonly LinkStream[] {
    return this.#streams.toArray()
  }

  openStream(events: StreamEvents): LinkStream | undefined {
    if (this.closed !== undefined || !this.#established) return undefined
    if (this.#slotsLeft() <= 0) {
      this.#slotWanted = true
      return undefined
    }
    const id = this.#nextOwnStream
    this.#nextOwnStream += STREAM_ID_STEP
    this.#unstarted++
    return this.#addStream(id, events, true)
  }

  #slotsLeft(): number {
    return this.native.peerStreamsLeftBidi() - this.#unstarted
  }

  ping(): void {
    if (this.closed !== undefined) return
    this.native.sendAckEliciting()
    this.#io.turn.wantsToSend(this)
  }

  flushed(): Promise<void> {
    if (this.closed !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenFlushed.push(resolve)
      this.#checkFlushed()
    })
  }

  #checkFlushed(): void {
    this.#finished = this.#finished.filter((id) => this.#isHeld(id))
    if (this.#finished.length > 0 || this.#blocked.size > 0) return
    for (const resolve of this.#whenFlushed.splice(0)) resolve()
  }

  /** The engine forgets a stream when the peer has acknowledged all of it, and fails when asked about it then. */
  #isHeld(id: number): boolean {
    try {
      this.native.streamCapacity(id)
      return true
    } catch {
      return false
    }
  }

  close(code: number, reason: string): void {
    if (this.closed !== undefined) return
    try {
      this.native.close(true, code, Buffer.from(reason, 'utf8'))
    } catch {
      // the engine is closing already; the owner is told of ours all the same
    }
    this.#end({ by: 'local', code, reason, application: true })
    this.#io.turn.wantsToSend(this)
  }

  /** The socket cannot reach the peer, or the engine must not hear of this peer again: no farewell is sent. */
  abandon(reason: string): void {
    this.#vanish({ by: 'failed', code: 0, reason, application: false })
  }

  #vanish(info: CloseInfo): void {
    if (this.closed === undefined) this.#end(info)
    this.#release()
  }

  #release(): void {
    if (this.#gone) return
    this.#gone = true
    this.#cancelTimer?.()
    this.#io.gone(this)
  }

  // ---- what its streams call

  sendUnsent(): void {
    if (this.allowance.hasUnsent) this.#sendPackets()
  }

  wroteBytes(): void {
    this.#io.turn.wantsToSend(this)
  }

  started(): void {
    this.#unstarted--
  }

  blocked(stream: QuicStream): void {
    this.#blocked.add(stream)
  }

  readLater(): void {
    if (!this.#gone) this.#io.turn.received(this)
  }

  gaveUp(): void {
    if (!this.#isServer) this.budget.gaveUp() // requests that a miner refuses are their sender's
  }

  finished(stream: QuicStream): void {
    this.#streams.remove(stream)
    this.#blocked.delete(stream)
    this.#finished.push(stream.id)
    if (this.#finished.length >= 2 * REMEMBERED_STREAMS)
      this.#finished = this.#finished.slice(-REMEMBERED_STREAMS)
  }
}

/** The events of a stream until its owner has set its own; `onStream` must do so before it returns. */
const REFUSE: StreamEvents = { onBytes: () => {}, onEnd: () => {}, onReset: () => {} }
