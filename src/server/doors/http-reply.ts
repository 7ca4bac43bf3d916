/** How a call is answered by HTTP, whichever door: what both forms have in common. */
import { Buffer } from 'node:buffer'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import { writeJson } from '../../doors/json/write.js'
import type { Failure } from '../../doors/status.js'
import { BadAnswer } from '../dispatch/outcome.js'
import type { FailedCall, Reply } from '../dispatch/reply.js'

export const JSON_TYPE = 'application/json'
const NDJSON_TYPE = 'application/x-ndjson'

export interface ReplySettings {
  readonly clock: Clock
  readonly maxFrameBytes: number
  /** Milliseconds for which a caller may take nothing of what waits for it. */
  readonly progressTimeoutMs: number
}

export abstract class HttpReply implements Reply {
  readonly #response: ServerResponse
  readonly #settings: ReplySettings
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
    const { maxFrameBytes } = this.#settings
    if (bytes.length <= maxFrameBytes) return bytes
    throw new BadAnswer(
      `the answer has ${bytes.length} bytes, maxFrameBytes is ${maxFrameBytes}: stream it in chunks`,
    )
  }

  write(chunk: Uint8Array): boolean {
    this.#beginStream()
    const isTaken = this.#response.write(chunk)
    this.#expectProgress()
    return isTaken
  }

  end(answer?: Uint8Array): void {
    if (answer === undefined) {
      this.#beginStream()
      this.#response.end()
    } else this.send(200, { ...this.successHeaders(), 'content-type': JSON_TYPE }, answer)
    this.#expectProgress()
  }

  #beginStream(): void {
    if (this.#response.headersSent) return
    const type = this.#isOfObjects ? NDJSON_TYPE : this.streamType
    this.#response.writeHead(200, { ...this.successHeaders(), 'content-type': type })
  }

  fail({ failure, ...failed }: FailedCall): void {
    // Part of a stream is sent: that it ends without its end says that it failed.
    if (this.#response.headersSent) this.#response.destroy()
    else this.refuse(failure, failed)
  }

  protected send(status: number, headers: OutgoingHttpHeaders, body: Uint8Array | string): void {
    this.#response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    this.#response.end(body)
  }

  /** Who takes nothing for too long loses the connection; Node looks at what the socket still holds. */
  #expectProgress(): void {
    if (this.#response.writableLength > 0) this.#response.setTimeout(this.#settings.progressTimeoutMs)
  }

  /** The caller took all that was written. */
  drained(): void {
    this.#response.setTimeout(0)
  }
}
