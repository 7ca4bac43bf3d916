/** One WebSocket to one node, in JSON-RPC 2.0: one request at a time, and nothing else that the node says is listened to. */
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.js'
import { LevinError } from '../errors.js'
import { printable } from '../shown.js'
import { loadWs } from './load-ws.js'

/** A connection that is silent for twice this long is dead: NAT tables forget after a minute or more, and say nothing. */
const PING_MS = 30_000
/** Pongs that the node does not read are not piled up. */
const MOST_BUFFERED = 64 * 1024
/** Of what a node says, in our log. */
const MOST_TEXT = 200

/** What a node answers instead of a result. */
export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data: unknown
}

export interface ConnectionOptions {
  readonly maxAnswerBytes: number
  readonly clock: Clock
}

interface Waiting {
  readonly id: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: LevinError) => void
}

export class Connection {
  readonly #socket: WebSocket
  readonly #clock: Clock
  /** Resolves when requests may be sent. */
  readonly opened: Promise<void>
  #waiting: Waiting | undefined
  #lastId = 0
  #closed: LevinError | undefined
  #isAlive = true
  #cancelPing: () => void = () => {}

  /** @throws LevinError CONFIG without the package ws */
  static async to(endpoint: string, options: ConnectionOptions): Promise<Connection> {
    const { WebSocket } = await loadWs('asking the chain')
    return new Connection(WebSocket, endpoint, options)
  }

  private constructor(
    Socket: typeof WebSocket,
    endpoint: string,
    { maxAnswerBytes, clock }: ConnectionOptions,
  ) {
    this.#clock = clock
    // without compression, bytes cannot become more than were sent
    this.#socket = new Socket(endpoint, {
      maxPayload: maxAnswerBytes,
      perMessageDeflate: false,
      autoPong: false,
    })
    this.opened = new Promise((resolve, reject) => {
      this.#socket.on('open', () => {
        this.#pingLater()
        resolve()
      })
      this.#socket.on('close', () => {
        this.#fail(new LevinError('CONNECTION_LOST', 'the node closed the connection'))
        reject(this.#closed)
      })
    })
    this.opened.catch(() => {}) // who waits for it hears of it
    this.#socket.on('error', (cause) => this.#fail(failureOf(cause)))
    this.#socket.on('message', (data: Buffer) => this.#receive(data))
    this.#socket.on('ping', (data) => {
      if (this.#socket.bufferedAmount < MOST_BUFFERED) this.#socket.pong(data)
    })
    this.#socket.on('pong', () => {
      this.#isAlive = true
    })
  }

  /** Why it cannot be used any more. */
  get closed(): LevinError | undefined {
    return this.#closed
  }

  /** @throws LevinError PEER_ERROR with an RpcError as its cause; CONNECTION_LOST, PROTOCOL or what `close` was told when there is no answer */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed)
      if (this.#waiting !== undefined) return reject(new LevinError('INTERNAL', 'a request is running'))
      const id = ++this.#lastId
      this.#waiting = { id, resolve, reject }
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  close(why: LevinError): void {
    this.#fail(why)
  }

  #fail(error: LevinError): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.#cancelPing()
    this.#waiting?.reject(error)
    this.#waiting = undefined
    this.#socket.terminate()
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(PING_MS, () => {
      if (!this.#isAlive)
        return this.#fail(new LevinError('CONNECTION_LOST', 'the node gave no sign of life'))
      this.#isAlive = false
      this.#socket.ping()
      this.#pingLater()
    })
  }

  #receive(data: Buffer): void {
    if (this.#closed !== undefined) return
    this.#isAlive = true
    const waiting = this.#waiting
    try {
      const answer = answerOf(data, waiting?.id)
      this.#waiting = undefined
      if ('error' in answer) waiting?.reject(rpcFailure(answer.error))
      else waiting?.resolve(answer.result)
    } catch (error) {
      this.#fail(LevinError.from(error))
    }
  }
}

type Answer = { readonly result: unknown } | { readonly error: RpcError }

/** @throws LevinError PROTOCOL for what is not the answer to that request */
function answerOf(data: Buffer, id: number | undefined): Answer {
  const wrong = (what: string, cause?: unknown) => {
    const start = shorten(data.subarray(0, MOST_TEXT).toString())
    return new LevinError('PROTOCOL', `the node sent ${what}: ${start}`, { cause })
  }
  let content: unknown
  try {
    content = JSON.parse(data.toString())
  } catch (cause) {
    throw wrong('what is not JSON', cause)
  }
  if (!isObject(content) || id === undefined || content.id !== id) throw wrong('what nobody asked for')
  const { error } = content
  if (isObject(error)) {
    const { code, message, data } = error
    if (typeof code === 'number' && typeof message === 'string') return { error: { code, message, data } }
  } else if (error === undefined && 'result' in content) {
    return { result: content.result }
  }
  throw wrong('neither a result nor an error')
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function rpcFailure(error: RpcError): LevinError {
  const { code, message, data } = error
  const text = shorten([message, data].filter((part) => typeof part === 'string').join(': '))
  return new LevinError('PEER_ERROR', `the node answered ${text} (${code})`, {
    cause: { ...error, message: clip(message) },
    peerMessage: printable(clip(message)),
  })
}

/** In quotes, so that a node's words cannot be taken for ours. */
const shorten = (text: string): string => printable(JSON.stringify(clip(text)))

const clip = (text: string): string => (text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}...` : text)

function failureOf(cause: Error): LevinError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return new LevinError('LIMIT', 'the node sent an answer of more bytes than maxAnswerBytes', { cause })
  }
  return new LevinError('CANNOT_CONNECT', cause.message || (code ?? 'the connection failed'), { cause })
}
