import type { LinkStream, StreamEvents } from '../link.js'
import { sumOf } from '../sum-of.js'
import type { QuinnLink } from './link.js'

/** Up to here bytes are copied to the outbox; larger ones are given to the engine at once, which copies them itself. */
const SMALL_BYTES = 4 * 1024
const NOTHING = new Uint8Array()

export class QuinnStream implements LinkStream {
  readonly id: number
  events: StreamEvents
  readonly #link: QuinnLink
  /** What the engine has not taken, the first of it partly. */
  #queue: Uint8Array[] | undefined
  #finAfterQueue = false
  /** The engine keeps something of what was posted, and takes no more for now. */
  #isBlocked = false
  #isPaused = false
  #isReadOver = false
  #isWriteOver = false
  /** Given up, or lost: no event follows. */
  #isDead = false

  constructor(id: number, link: QuinnLink, events: StreamEvents) {
    this.id = id
    this.#link = link
    this.events = events
  }

  get waiting(): number {
    return sumOf(this.#queue ?? [])
  }

  // ---- what its owner calls

  write(bytes: Uint8Array): boolean {
    if (this.#isWriteOver) return false
    if (bytes.length === 0) return this.#queue === undefined
    return this.#write(bytes, false)
  }

  end(bytes: Uint8Array = NOTHING): boolean {
    return this.#write(bytes, true)
  }

  #write(bytes: Uint8Array, fin: boolean): boolean {
    if (this.#isWriteOver || this.#finAfterQueue) return true // nobody will read it
    if (this.#queue !== undefined) {
      this.#queue.push(bytes)
      this.#link.waiting += bytes.length
      this.#finAfterQueue = fin
      return false
    }
    if (this.#isBlocked) return this.#enqueue(bytes, fin)
    const { host, id } = this.#link
    const isPosted = bytes.length <= SMALL_BYTES && host.memory.post(id, this.id, bytes, fin)
    const taken = isPosted ? bytes.length : host.native.write(id, this.id, bytes, fin)
    if (taken < 0) {
      this.#endWriting()
      return true
    }
    if (taken < bytes.length) return this.#enqueue(bytes.subarray(taken), fin)
    if (fin) this.#endWriting()
    return true
  }

  #enqueue(bytes: Uint8Array, fin: boolean): false {
    this.#queue = [bytes]
    this.#finAfterQueue = fin
    this.#link.waitingStreams++
    this.#link.waiting += bytes.length
    return false
  }

  reset(): void {
    if (this.#isDead || (this.#isReadOver && this.#isWriteOver)) return
    this.#die()
    this.#link.host.native.reset(this.#link.id, this.id)
  }

  pause(): void {
    if (this.#isPaused || this.#isDead || this.#isReadOver) return
    this.#isPaused = true
    this.#link.host.native.pause(this.#link.id, this.id)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (!this.#isDead) this.#link.host.native.resume(this.#link.id, this.id)
  }

  // ---- what the engine tells

  /** `bytes` are written over when this returns. */
  received(bytes: Uint8Array | undefined, isLast: boolean): void {
    if (this.#isDead) return
    if (bytes !== undefined) this.events.onBytes(bytes)
    if (!isLast || this.#isDead || this.#isReadOver) return
    this.#isReadOver = true
    if (this.#isWriteOver) this.#link.remove(this)
    this.events.onEnd()
  }

  blocked(): void {
    if (!this.#isWriteOver) this.#isBlocked = true
  }

  /** Goes on with what waits. */
  canWrite(): void {
    this.#isBlocked = false
    const queue = this.#queue
    if (queue === undefined || this.#isDead) return
    const { host, id } = this.#link
    for (let bytes = queue[0]; bytes !== undefined; bytes = queue[0]) {
      const taken = host.native.write(id, this.id, bytes, this.#finAfterQueue && queue.length === 1)
      if (taken < 0) {
        this.stopped()
        return
      }
      this.#link.waiting -= taken
      if (taken < bytes.length) {
        queue[0] = bytes.subarray(taken)
        return
      }
      queue.shift()
    }
    this.#forgetQueue()
    if (this.#finAfterQueue) this.#endWriting()
    this.events.onDrain?.()
  }

  stopped(): void {
    if (this.#isWriteOver && this.#queue === undefined) return
    this.#forgetQueue()
    this.#endWriting()
    if (!this.#isDead) this.events.onStopped?.()
  }

  lost(reason: string): void {
    if (this.#isDead) return
    this.#die()
    this.events.onReset(reason)
  }

  #die(): void {
    this.#isDead = true
    this.#isReadOver = true
    this.#isWriteOver = true
    this.#forgetQueue()
    this.#link.remove(this)
  }

  #forgetQueue(): void {
    if (this.#queue === undefined) return
    this.#link.waiting -= sumOf(this.#queue)
    this.#queue = undefined
    this.#link.waitingStreams--
    this.#link.drained()
  }

  #endWriting(): void {
    this.#isWriteOver = true
    if (this.#isReadOver) this.#link.remove(this)
  }
}
