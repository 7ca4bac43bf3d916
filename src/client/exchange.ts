/** One question on a stream of its own: the phases that every call goes through, whatever it is answered with. */
import { setMaxListeners } from 'node:events'
import type { Clock } from '../clock.js'
import { LevinError } from '../errors.js'
import { MAX_TIMER_MS } from '../options.js'
import type { LinkStream } from '../transport/link.js'
import { FRAME_HEADER_BYTES } from '../wire/frame.js'
import type { MessageType } from '../wire/message-type.js'
import { recycle } from '../wire/messages.js'
import type { AnswerMemory, AnswerReader } from './answer-memory.js'
import { isOver } from './call-options.js'
import { FrameReader, type FrameReaderEvents } from './frame-reader.js'
import type { Place } from './line.js'

/** PROTOCOL: the time to write a request: a floor, and the slowest transfer that is still worth waiting for. */
const WRITE_FLOOR_MS = 5000
const WRITE_MS_PER_MIB = 1000
const WRITE_MOST_MS = 60_000
const MIB = 1024 * 1024

export const writeBudgetMs = (bytes: number): number =>
  Math.min(WRITE_FLOOR_MS + Math.ceil(bytes / MIB) * WRITE_MS_PER_MIB, WRITE_MOST_MS)

/** Who wants a stream. */
export interface Seeker {
  readonly reader: FrameReader
  opened(stream: LinkStream): void
  /** Waits for a stream of another connection from here on. */
  moveTo(open: OpenStream): void
}

/** Opens a stream now, or when a slot is free: then the place in the line is returned. */
export type OpenStream = (seeker: Seeker) => Place<Seeker> | undefined

/** Bytes of the frames of one miner's calls. */
export interface Meter {
  bytesOut: number
  bytesIn: number
}

/** What an exchange waits for. */
type Phase = 'slot' | 'request' | 'answer' | 'room' | 'deadline'

export interface ExchangeOptions {
  readonly frame: Uint8Array
  readonly timeoutMs: number
  /** When all of it must be over, by the monotonic clock; `Infinity` when only the phases are limited. */
  readonly deadlineAtMs: number
  /** What is sent and received is counted here. */
  readonly meter: Meter
  readonly signal: AbortSignal | undefined
  readonly maxFrameBytes: number
  /** What all answers share. */
  readonly memory: AnswerMemory
  readonly clock: Clock
  readonly open: OpenStream
}

/** What becomes of an exchange; the subclass says what is done with it. */
export abstract class Exchange implements FrameReaderEvents, Seeker, AnswerReader {
  readonly reader: FrameReader
  protected readonly clock: Clock
  readonly #options: ExchangeOptions
  #stream: LinkStream | undefined
  #place: Place<Seeker> | undefined
  #phase: Phase = 'slot'
  #limitMs = 0
  #dueMs = 0
  /** Milliseconds that the miner has left when it is read again; undefined while it is. */
  #heldMs: number | undefined
  #isPaused = false
  #pendingBytes = 0
  #isCounted = false
  #cancelTimer: (() => void) | undefined
  #onAbort: (() => void) | undefined
  #settled = false
  /** When the stream was opened: latency is measured from here, as the reference does. */
  protected openedAt = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.clock = options.clock
    this.reader = new FrameReader(options.maxFrameBytes, this)
  }

  abstract onFrame(type: MessageType, payload: Uint8Array): void
  protected abstract onSettled(error: LevinError | undefined): void

  protected start(): void {
    const { deadlineAtMs, signal, timeoutMs, open } = this.#options
    if (signal?.aborted) {
      this.settle(aborted(signal))
      return
    }
    if (isOver(deadlineAtMs, this.clock.monotonicMs())) {
      this.#phase = 'deadline'
      this.settle(this.#late())
      return
    }
    if (signal !== undefined) {
      setMaxListeners(0, signal) // one signal may end any number of calls, and is no leak for that
      this.#onAbort = () => this.settle(aborted(signal))
      signal.addEventListener('abort', this.#onAbort)
    }
    this.#place = open(this)
    if (this.#place !== undefined) this.#wait('slot', timeoutMs)
  }

  moveTo(open: OpenStream): void {
    this.#place = open(this)
  }

  opened(stream: LinkStream): void {
    const { frame, meter } = this.#options
    this.#stream = stream
    meter.bytesOut += frame.length
    this.openedAt = this.clock.monotonicMs()
    if (stream.end(frame)) {
      recycle(frame)
      this.awaitPeer()
    } else this.#wait('request', writeBudgetMs(frame.length))
  }

  /** The whole request has been taken. */
  onDrain(): void {
    if (this.#settled) return
    recycle(this.#options.frame)
    this.awaitPeer()
  }

  /** Starts the caller's time anew: the miner now has the next word. */
  protected awaitPeer(): void {
    if (this.#heldMs === undefined) this.#wait('answer', this.#options.timeoutMs)
    else this.#holdFor(this.#options.timeoutMs)
  }

  #wait(phase: Phase, ms: number): void {
    const nowMs = this.clock.monotonicMs()
    const leftMs = Math.max(0, this.#options.deadlineAtMs - nowMs)
    this.#phase = leftMs < ms ? 'deadline' : phase
    this.#limitMs = Math.min(ms, leftMs)
    this.#dueMs = nowMs + this.#limitMs
    this.#cancelTimer?.()
    this.#cancelTimer = this.clock.after(this.#limitMs, () => this.settle(this.#late()))
  }

  #late(): LevinError {
    const ms = this.#limitMs
    const text = {
      slot: `no stream became free within ${ms} ms: too many queries run on this connection`,
      request: `the miner did not take a request of ${this.#options.frame.length} bytes within ${ms} ms`,
      answer: `nothing came from the miner for ${ms} ms`,
      room: 'the answers of others left no room for this one: see answerMemoryBytes',
      deadline: 'the deadline of the whole call passed',
    }
    return new LevinError('TIMED_OUT', text[this.#phase])
  }

  protected stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#heldMs !== undefined) this.#heldMs = 0
  }

  protected pause(): void {
    this.#isPaused = true
    this.#stream?.pause()
  }

  protected resume(): void {
    this.#isPaused = false
    if (this.#heldMs === undefined) this.#stream?.resume()
  }

  /** Bytes of what came and was not passed on, besides a frame that is not complete. */
  protected get keptBytes(): number {
    return 0
  }

  onPending(bytes: number): void {
    this.#pendingBytes = bytes
    this.tellKept()
  }

  protected tellKept(): void {
    const bytes = this.#settled ? 0 : this.#pendingBytes + this.keptBytes
    if (bytes === 0 && !this.#isCounted) return
    this.#isCounted = bytes > 0
    this.#options.memory.keeps(this, bytes)
  }

  hold(): void {
    this.#stream?.pause()
    this.#holdFor(this.#cancelTimer === undefined ? 0 : Math.max(1, this.#dueMs - this.clock.monotonicMs()))
  }

  /** The miner's time stands still meanwhile; the caller's deadline does not. @param leftMs 0 when the miner has no time limit now */
  #holdFor(leftMs: number): void {
    this.#heldMs = leftMs
    if (leftMs > 0) this.#wait('room', MAX_TIMER_MS)
  }

  goOn(): void {
    const leftMs = this.#heldMs!
    this.#heldMs = undefined
    if (leftMs > 0) this.#wait('answer', leftMs)
    if (!this.#isPaused) this.#stream?.resume()
  }

  /** A frame came, header included. */
  protected count(payload: Uint8Array): void {
    this.#options.meter.bytesIn += payload.length + FRAME_HEADER_BYTES
  }

  onFailure(error: LevinError): void {
    this.settle(error)
  }

  /** Ends the exchange, once. With an error the stream is given up, so that the miner stops working on it. */
  protected settle(error?: LevinError): void {
    if (this.#settled) return
    this.#settled = true
    this.tellKept()
    this.stopTimer()
    this.#place?.leave()
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.reader.done()
    if (error !== undefined) this.#stream?.reset()
    else this.#stream?.resume() // so that the end of the stream is read, and its slot becomes free
    this.onSettled(error)
  }
}

function aborted(signal: AbortSignal): LevinError {
  return new LevinError('ABORTED', 'the caller aborted', { cause: signal.reason })
}
