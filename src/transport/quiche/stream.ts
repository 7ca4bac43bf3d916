/** One bidirectional QUIC stream: what is between the engine's buffers and the owner of the exchange. */
import type { LinkStream, StreamEvents } from '../link.js'
import type { OverheadBudget } from '../overhead-budget.js'
import { sumOf } from '../sum-of.js'
import type { Allowance } from './allowance.js'
import { type NativeConnection, ShutdownSide } from './native.js'

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly native: NativeConnection
  /** Where received bytes go: a view of at least `Slab.leastRoom` bytes that nobody else writes to. */
  readonly slab: ReceiveSlab
  readonly allowance: Allowance
  readonly budget: OverheadBudget
  /** Bytes of all its streams that the engine has not taken. */
  waiting: number
  /** Sends what the engine was given, now and not at the end of the turn. */
  sendUnsent(): void
  /** The engine took bytes: let the connection transmit. */
  wroteBytes(): void
  /** The stream is about to exist for the engine: until its first write it does not. */
  started(): void
  /** The stream's write is blocked on flow or congestion control: call `resumeWriting` when packets came. */
  blocked(stream: QuicStream): void
  /** The stream may have bytes that nobody has looked at. */
  readLater(): void
  /** A stream is not read to its end. */
  gaveUp(): void
  /** Both sides are over: forget the stream. */
  finished(stream: QuicStream): void
}

/** Received bytes are handed out as views of a block and never written over, so that nothing needs to be copied. */
export class ReceiveSlab {
  static readonly bytes = 64 * 1024
  static readonly leastRoom = 8 * 1024
  #block = Buffer.allocUnsafeSlow(ReceiveSlab.bytes)
  #used = 0

  /** Room to read into; what was read of it is then taken with `take`. */
  room(): Buffer {
    if (ReceiveSlab.bytes - this.#used < ReceiveSlab.leastRoom) {
      this.#block = Buffer.allocUnsafeSlow(ReceiveSlab.bytes)
      this.#used = 0
    }
    return this.#used === 0 ? this.#block : this.#block.subarray(this.#used)
  }

  take(bytes: number): Buffer {
    const start = this.#used
    this.#used += bytes
    return this.#block.subarray(start, this.#used)
  }
}

const NOTHING = new Uint8Array(0)

/** Application error code of a stream given up; btlightning knows no other. */
const STREAM_CANCELLED = 0

export class QuicStream implements LinkStream {
  events: StreamEvents
  /** Kept by the connection's `StreamList`. */
  previous: QuicStream | undefined
  next: QuicStream | undefined
  readonly id: number
  readonly #host: StreamHost
  /** Bytes that the engine has not taken yet, the first of them partly written. */
  #queue: Uint8Array[] = []
  #finAfterQueue = false
  #ownerWaits = false
  #isNew: boolean
  /** The engine has it, and can be asked about it. */
  #isKnown: boolean
  #paused = false
  #readOver = false
  #writeOver = false
  /** Given up: events are over, what still arrives is thrown away. */
  #discarding = false

  /** @param isOwn whether we opened it, so that the engine learns of it by our first write */
  constructor(id: number, host: StreamHost, events: StreamEvents, isOwn: boolean) {
    this.id = id
    this.#isNew = isOwn
    this.#isKnown = !isOwn
    this.#host = host
    this.events = events
  }

  /** Whether bytes may still come, and are wanted now. */
  get isReading(): boolean {
    return !this.#readOver && !this.#paused
  }

  /** Whether the peer finished and we have not: the peer waits for our answer. */
  get isAnswering(): boolean {
    return this.#readOver && !this.#writeOver
  }

  get waiting(): number {
    return sumOf(this.#queue)
  }

  write(bytes: Uint8Array): boolean {
    if (this.#writeOver) return false
    if (bytes.length === 0) return this.#queue.length === 0
    return this.#enqueue(bytes, false)
  }

  end(bytes: Uint8Array = NOTHING): boolean {
    return this.#enqueue(bytes, true)
  }

  #enqueue(bytes: Uint8Array, fin: boolean): boolean {
    if (this.#writeOver || this.#finAfterQueue) return true // stopped by the peer: nobody will read it
    if (this.#queue.length > 0) {
      this.#queue.push(bytes)
      this.#host.waiting += bytes.length
      this.#finAfterQueue = fin
      this.#ownerWaits = true
      return false
    }
    const rest = this.#send(bytes, fin)
    if (rest === undefined) return true
    this.#queue.push(rest)
    this.#host.waiting += rest.length
    this.#finAfterQueue = fin
    this.#ownerWaits = true
    this.#host.blocked(this)
    return false
  }

  /** @returns what the engine did not take, or undefined when it took all. */
  #send(bytes: Uint8Array, fin: boolean): Uint8Array | undefined {
    let taken: number | null
    try {
      taken = this.#give(bytes, fin)
    } catch {
      this.#writingFailed()
      return undefined
    }
    if (taken !== null) this.#host.wroteBytes()
    if (taken === bytes.length) {
      if (fin) this.#endWriting()
      return undefined
    }
    return taken === null ? bytes : bytes.subarray(taken)
  }

  /** @returns how many bytes the engine took; null when it took nothing, and no end either */
  #give(bytes: Uint8Array, fin: boolean): number | null {
    const { allowance, native } = this.#host
    let part = bytes
    if (this.#isNew) {
      this.#isNew = false
      this.#host.started()
    }
    if (this.#isKnown && bytes.length > 0) {
      const room = allowance.room(native.streamCapacity(this.id))
      if (room === 0) return null
      if (room < bytes.length) part = bytes.subarray(0, room)
    }
    const taken = native.streamSend(this.id, part, fin && part === bytes)
    if (taken !== null) {
      this.#isKnown = true
      allowance.gave(taken)
    }
    return taken
  }

  /** Goes on with a partial write. @returns true while it is still blocked. */
  resumeWriting(): boolean {
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!
      const rest = this.#send(first, this.#finAfterQueue && this.#queue.length === 1)
      if (this.#queue.length === 0) break // it was stopped
      this.#host.waiting -= first.length - (rest?.length ?? 0)
      if (rest !== undefined) {
        this.#queue[0] = rest
        return true
      }
      this.#queue.shift()
    }
    if (this.#ownerWaits && !this.#discarding) {
      this.#ownerWaits = false
      this.events.onDrain?.()
    }
    return false
  }

  /**
   * Asks the engine whether the peer has told us to stop: it does not say so by itself. Where both sides are over by
   * that, it has forgotten the stream already and says that instead.
   */
  checkStopped(): void {
    try {
      this.#host.native.streamCapacity(this.id)
    } catch {
      this.#writingFailed()
    }
  }

  #writingFailed(): void {
    this.#forgetQueue()
    this.#shutdown(ShutdownSide.write) // else the engine keeps more of the streams that were stopped, and their slots
    this.#endWriting()
    if (!this.#discarding) this.events.onStopped?.()
  }

  #forgetQueue(): void {
    this.#host.waiting -= sumOf(this.#queue)
    this.#queue = []
  }

  #endWriting(): void {
    if (this.#writeOver) return
    this.#writeOver = true
    if (this.#readOver) this.#host.finished(this)
  }

  #endReading(): void {
    if (this.#readOver) return
    this.#readOver = true
    if (this.#writeOver) this.#host.finished(this)
  }

  /** Reads what the engine has, until it is empty, finished, or the owner pauses. */
  read(): void {
    const { native, slab } = this.#host
    while (!this.#paused && !this.#readOver) {
      const room = slab.room()
      let result: [number, boolean] | null
      try {
        result = native.streamRecv(this.id, room)
      } catch {
        this.#peerReset()
        return
      }
      if (result === null) return
      const [length, fin] = result
      this.#host.budget.delivered(length, fin)
      if (this.#discarding) {
        if (fin) this.#endReading()
      } else {
        if (length > 0) this.events.onBytes(slab.take(length))
        if (fin && !this.#discarding) {
          this.#endReading()
          this.events.onEnd()
        } else if (fin) this.#endReading()
      }
      if (length < room.length) return // the engine fills the room when it can
    }
  }

  #peerReset(): void {
    const tell = !this.#discarding
    this.#discarding = true
    this.#forgetQueue()
    if (!this.#writeOver) this.#shutdown(ShutdownSide.write)
    this.#endWriting()
    this.#endReading()
    if (tell) this.events.onReset('the peer reset the stream')
  }

  reset(): void {
    if (this.#discarding || (this.#readOver && this.#writeOver)) return
    this.#discarding = true
    this.#paused = false
    this.#forgetQueue()
    // The peer takes a number that is left out for a stream, which would keep its slot: so it hears of this one, too.
    if (this.#isNew) this.#send(NOTHING, false)
    this.#host.sendUnsent() // the engine keeps a stream that is given up with bytes of it unsent
    if (!this.#writeOver) this.#shutdown(ShutdownSide.write)
    if (!this.#readOver) {
      this.#shutdown(ShutdownSide.read)
      this.#host.gaveUp()
    }
    this.#endWriting()
    this.#host.wroteBytes()
    this.#host.readLater()
  }

  #shutdown(side: (typeof ShutdownSide)[keyof typeof ShutdownSide]): void {
    try {
      this.#host.native.streamShutdown(this.id, side, STREAM_CANCELLED)
    } catch {
      // already over in that direction, which is what was wanted
    }
  }

  /** The connection ended. */
  lost(reason: string): void {
    const tell = !this.#discarding
    this.#discarding = true
    this.#readOver = true
    this.#writeOver = true
    this.#forgetQueue()
    if (tell) this.events.onReset(reason)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#host.readLater()
  }
}
