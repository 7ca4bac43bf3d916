/**
 * What the answers that are still coming in take together. Beyond the cap, streams are not read: flow control then stops
 * their miners, and nothing fails. One of them goes on all the same, so that there is always one that gets done; who
 * makes nothing of that makes room for the next.
 */
import type { Clock } from '../clock.js'

/** An answer that has fewer bytes is never held up, nor counted: nearly all are, and they are complete at once. */
export const UNCOUNTED_BYTES = 256 * 1024
/** What a stream that is read again may bring at once: its window. */
const STREAM_BYTES = 1024 * 1024
/** How long the one that goes on beyond the cap has for so many bytes. */
const LANE_MS = 1000
const LANE_BYTES = 64 * 1024

/** Whose answer it is. */
export interface AnswerReader {
  /** Reads no more of it, until `goOn`. */
  hold(): void
  goOn(): void
}

export class AnswerMemory {
  readonly #capBytes: number
  readonly #clock: Clock
  #bytes = 0
  readonly #counted = new Map<AnswerReader, number>()
  /** Those that are held up, the first come first. */
  readonly #waiting = new Set<AnswerReader>()
  /** The one that goes on beyond the cap. */
  #lane: AnswerReader | undefined
  #cancelTimer: (() => void) | undefined

  constructor(capBytes: number, clock: Clock) {
    this.#capBytes = capBytes
    this.#clock = clock
  }

  /** Bytes of answers that are not complete, or wait for who reads them. */
  get bytes(): number {
    return this.#bytes
  }

  /** Of this answer there are so many bytes now; 0 when it was passed on, or is of no use any more. */
  keeps(reader: AnswerReader, bytes: number): void {
    const before = this.#counted.get(reader) ?? 0
    this.#bytes += bytes - before
    if (bytes > 0) this.#counted.set(reader, bytes)
    else this.#counted.delete(reader)
    if (bytes === 0) this.#forget(reader)
    else if (bytes > before && this.#bytes > this.#capBytes) this.#hold(reader)
    if (bytes < before) this.#settle()
  }

  #hold(reader: AnswerReader): void {
    if (reader === this.#lane || this.#waiting.has(reader)) return
    this.#waiting.add(reader)
    reader.hold()
    this.#settle()
  }

  #forget(reader: AnswerReader): void {
    this.#waiting.delete(reader)
    if (this.#lane === reader) this.#leaveLane()
  }

  /** Lets those go on for whom there is room; when there is none, one. */
  #settle(): void {
    let room = this.#capBytes - this.#bytes
    for (const reader of this.#waiting) {
      if (room <= 0) break
      room -= STREAM_BYTES
      this.#waiting.delete(reader)
      reader.goOn()
    }
    if (this.#lane === undefined && this.#bytes > this.#capBytes) this.#enterLane()
  }

  #enterLane(): void {
    const [reader] = this.#waiting
    if (reader === undefined) return
    this.#waiting.delete(reader)
    this.#lane = reader
    this.#watchLane(this.#counted.get(reader) ?? 0)
    reader.goOn()
  }

  #watchLane(bytes: number): void {
    this.#cancelTimer = this.#clock.after(LANE_MS, () => {
      const reader = this.#lane!
      const now = this.#counted.get(reader) ?? 0
      if (now - bytes >= LANE_BYTES || this.#waiting.size === 0) {
        this.#watchLane(now)
        return
      }
      this.#leaveLane()
      this.#waiting.add(reader) // behind the others
      reader.hold()
      this.#settle()
    })
  }

  #leaveLane(): void {
    this.#lane = undefined
    this.#cancelTimer?.()
  }
}
