/** How a call is answered by HTTP, whichever door: what both forms have in common. */
import { Buffer } from 'node:buffer'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import { writeJson } from '../../doors/json/write.js'
import type { Failure } from '../../doors/status.js'
import { BadAnswer, checkSize } from '../dispatch/outcome.js'
import type { FailedCall, Reply } from '../dispatch/reply.js'

export const JSON_TYPE = 'application/json'
const NDJSON_TYPE = 'application/x-ndjson'

/** So much is written at a time, so that it shows whether a slow caller takes anything at all. */
const PIECE_BYTES = 256 * 1024
const NOTHING = new Uint8Array()

export interface ReplySettings {
  readonly clock: Clock
  readonly maxFrameBytes: number
}

export abstract class HttpReply implements Reply {
  readonly #response: ServerResponse
  readonly #settings: ReplySettings
  /** What of the last chunk, or of the answer, is not written yet. */
  #left: Uint8Array = NOTHING
  /** Nothing comes after it. */
  #isLast = false
  /** Of a stream: its chunks are lines of JSON. */
  #isOfObjects = false

  constructor(response: ServerResponse, settings: ReplySettings) {
    this.#response = response
    this.#settings = settings
  }

  /** The headers of an answer that is there, and of a stream that begins. */
  protected abstract successHeaders(): OutgoingHttpHeaders
  /** What a stream of bytes is said to be. */
  protected abstract readonly streamType: string
  /** The whole body. @throws for what has no form in JSON */
  protected abstract answerBody(data: object): string
  /** Answers that it failed. @param words more of it, which repeat nothing that a handler said */
  abstract refuse(failure: Failure, failed?: Omit<FailedCall, 'failure'>, words?: string): void

  encodeAnswer(data: object): Uint8Array {
    return this.#encoded(() => this.answerBody(data))
  }

  encodeChunk(chunk: object): Uint8Array {
    if (chunk instanceof Uint8Array) return this.#withinLimit(chunk)
    this.#isOfObjects = true
    return this.#encoded(() => `${writeJson(chunk, 'chunk')}\n`)
  }

  #encoded(write: () => string): Uint8Array {
    let text: string
    try {
      text = write()
    } catch (cause) {
      throw new BadAnswer(cause)
    }
    return this.#withinLimit(Buffer.from(text))
  }

  #withinLimit(bytes: Uint8Array): Uint8Array {
    checkSize(bytes.length, this.#settings.maxFrameBytes)
    return bytes
  }

  write(chunk: Uint8Array): boolean {
    this.#beginStream()
    this.#left = chunk
    return this.#pour()
  }

  end(answer?: Uint8Array): void {
    if (answer === undefined) this.#beginStream()
    else {
      const length = { 'content-length': answer.length, 'content-type': JSON_TYPE }
      this.#response.writeHead(200, { ...this.successHeaders(), ...length })
      this.#left = answer
    }
    this.#isLast = true
    this.#pour()
  }

  /** @returns whether all is taken that was written */
  #pour(): boolean {
    while (this.#left.length > PIECE_BYTES) {
      const piece = this.#left.subarray(0, PIECE_BYTES)
      this.#left = this.#left.subarray(PIECE_BYTES)
      if (!this.#response.write(piece)) return false
    }
    const rest = this.#left
    this.#left = NOTHING
    if (!this.#isLast) return this.#response.write(rest)
    this.#response.end(rest)
    return true
  }

  /** Bytes that wait for the caller to take some. */
  get waiting(): number {
    return this.#left.length + this.#response.writableLength
  }

  /** The caller took what was written. @returns whether that was all */
  drained(): boolean {
    return this.#left.length === 0 || this.#pour()
  }

  #beginStream(): void {
    if (this.#response.headersSent) return
    const type = this.#isOfObjects ? NDJSON_TYPE : this.streamType
    this.#response.writeHead(200, { ...this.successHeaders(), 'content-type': type })
  }

  fail({ failure, ...failed }: FailedCall): void {
    if (this.#response.headersSent) this.#cut()
    else this.refuse(failure, failed)
  }

  /** Part of a stream is sent: that it ends without its end says that it failed. What was said before arrives. */
  #cut(): void {
    if (this.#left.length === 0) this.#response.socket?.destroySoon()
    else this.#response.destroy()
  }

  protected send(status: number, headers: OutgoingHttpHeaders, body: Uint8Array | string): void {
    this.#response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    this.#response.end(body)
  }
}
