/** A synapse that is answered with a stream of chunks. */
import { LevinError } from '../errors.js'
import { MessageType, messageTypeName } from '../wire/message-type.js'
import { decodeStreamChunk, decodeStreamEnd, decodeSynapseResponse } from '../wire/messages.js'
import { Exchange, type ExchangeOptions } from './exchange.js'
import { peerError } from './query.js'

/** Bytes of chunks that wait for the reader before the miner is told to wait. */
const WAITING_BYTES = 256 * 1024

type Step<T> = { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }

/** Starts when the first chunk is asked for; leaving the loop early gives the stream up, and the miner stops. */
export class ChunkStream<T> extends Exchange implements AsyncIterableIterator<T> {
  readonly #read: (chunk: Uint8Array) => T
  readonly #failed: (error: unknown) => LevinError
  readonly #waiting: Uint8Array[] = []
  readonly #steps: Step<T>[] = []
  readonly #mostBytes: number
  #bytes = 0
  #waitingBytes = 0
  #paused = false
  #started = false
  #over = false
  #error: LevinError | undefined

  /**
   * @param mostBytes of all chunks together
   * @param read makes of a chunk what the caller is given; may throw
   * @param failed makes of an error what the caller is told
   */
  constructor(
    options: ExchangeOptions,
    mostBytes: number,
    read: (chunk: Uint8Array) => T,
    failed: (error: unknown) => LevinError,
  ) {
    super(options)
    this.#mostBytes = mostBytes
    this.#read = read
    this.#failed = failed
  }

  onFrame(type: MessageType, payload: Uint8Array): void {
    this.count(payload)
    if (type === MessageType.StreamChunk) this.#onChunk(decodeStreamChunk(payload).data)
    else if (type === MessageType.StreamEnd) {
      const { success, error } = decodeStreamEnd(payload)
      this.settle(success ? undefined : peerError(error))
    } else if (type === MessageType.SynapseResponse) {
      const { success, error } = decodeSynapseResponse(payload)
      if (success)
        this.settle(new LevinError('PROTOCOL', 'the miner answers once: use query() for this synapse'))
      else this.settle(peerError(error))
    } else this.settle(new LevinError('PROTOCOL', `the miner answered with a ${messageTypeName(type)}`))
  }

  #onChunk(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#mostBytes) {
      this.settle(new LevinError('LIMIT', `the stream has over ${this.#mostBytes} bytes: see maxStreamBytes`))
      return
    }
    const step = this.#steps.shift()
    if (step !== undefined) {
      this.awaitPeer()
      this.#give(chunk, step)
      return
    }
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    this.stopTimer() // it is the reader who is slow now
    if (this.#waitingBytes < WAITING_BYTES) return
    this.tellKept()
    if (this.#paused) return
    this.#paused = true
    this.pause()
  }

  protected override get keptBytes(): number {
    return this.#waitingBytes < WAITING_BYTES ? 0 : this.#waitingBytes
  }

  #give(chunk: Uint8Array, { resolve, reject }: Step<T>): void {
    try {
      resolve({ done: false, value: this.#read(chunk) })
    } catch (error) {
      this.#waiting.length = 0
      this.settle(new LevinError('ABORTED', 'a chunk was refused'))
      this.#error = undefined
      reject(this.#failed(error))
    }
  }

  protected onSettled(error: LevinError | undefined): void {
    this.#over = true
    this.#error = error
    for (const step of this.#steps.splice(0)) this.#finish(step)
  }

  #finish({ resolve, reject }: Step<T>): void {
    const error = this.#error
    this.#error = undefined
    if (error === undefined) resolve({ done: true, value: undefined })
    else reject(this.#failed(error))
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const step = { resolve, reject }
      const chunk = this.#waiting.shift()
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length
        this.tellKept()
        if (this.#paused && this.#waitingBytes < WAITING_BYTES / 2) {
          this.#paused = false
          this.resume()
        }
        this.#give(chunk, step)
      } else if (this.#over) this.#finish(step)
      else {
        this.#steps.push(step)
        if (this.#started) this.awaitPeer()
        else {
          this.#started = true
          this.start()
        }
      }
    })
  }

  return(): Promise<IteratorResult<T>> {
    this.#waiting.length = 0
    this.settle(new LevinError('ABORTED', 'the reader left'))
    this.#error = undefined
    this.#over = true
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
