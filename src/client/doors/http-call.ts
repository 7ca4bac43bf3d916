/** One request by HTTP, and what may end it: its time, its caller, its connection. */
import { setMaxListeners } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Clock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import { isOver, type Limits } from '../call-options.js'
import { writeBudgetMs } from '../exchange.js'

export class HttpCall {
  /** When it was sent, by the monotonic clock. */
  beganMs = 0
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #limits: Limits
  #request: ClientRequest | undefined
  /** What ended it from our side. */
  #failure: LevinError | undefined
  #reject: (error: LevinError) => void = () => {}
  #cancelTimer: () => void = () => {}
  readonly #cancelDeadline: () => void
  readonly #onAbort: () => void

  constructor(clock: Clock, timeoutMs: number, limits: Limits) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#limits = limits
    const { signal, deadlineAtMs } = limits
    this.#onAbort = () =>
      this.fail(new LevinError('ABORTED', 'the caller aborted', { cause: signal?.reason }))
    if (signal !== undefined) setMaxListeners(0, signal)
    signal?.addEventListener('abort', this.#onAbort)
    this.#cancelDeadline =
      deadlineAtMs === Number.POSITIVE_INFINITY
        ? () => {}
        : clock.after(Math.max(0, deadlineAtMs - clock.monotonicMs()), () => this.fail(late()))
  }

  /** @throws LevinError when it is over before anything was sent */
  check(): void {
    if (this.#limits.signal?.aborted) this.#onAbort()
    else if (isOver(this.#limits.deadlineAtMs, this.#clock.monotonicMs())) this.fail(late())
    if (this.#failure !== undefined) throw this.#failure
  }

  /** @returns the head of the answer */
  send(request: ClientRequest, body: Uint8Array): Promise<IncomingMessage> {
    this.#request = request
    this.beganMs = this.#clock.monotonicMs()
    const budgetMs = writeBudgetMs(body.length)
    this.#wait(budgetMs, `the miner did not take a request of ${body.length} bytes within ${budgetMs} ms`)
    return new Promise((resolve, reject) => {
      this.#reject = reject
      request.on('error', (error) => reject(this.why(error)))
      request.once('finish', () => this.awaitPeer())
      request.once('response', resolve)
      request.once('upgrade', (_response, socket) => {
        socket.destroy()
        this.fail(new LevinError('PROTOCOL', 'the miner wants to speak something else than HTTP'))
      })
      request.end(body)
    })
  }

  /** The miner has the next word, and all of its time for it. */
  awaitPeer(): void {
    this.#wait(this.#timeoutMs, `nothing came from the miner for ${this.#timeoutMs} ms`)
  }

  #wait(ms: number, what: string): void {
    this.#cancelTimer()
    if (this.#failure !== undefined) return
    this.#cancelTimer = this.#clock.after(ms, () => this.fail(new LevinError('TIMED_OUT', what)))
  }

  /** It is not the miner who is waited for now. */
  stopTimer(): void {
    this.#cancelTimer()
  }

  /** The first that ends it counts. */
  fail(error: LevinError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#reject(error)
    this.#request?.destroy(error)
  }

  /** What the caller is told: what we ended is no fault of the connection. */
  why(thrown: unknown): LevinError {
    if (this.#failure !== undefined) return this.#failure
    if (thrown instanceof LevinError) return thrown
    const { code = '', message } = thrown as NodeJS.ErrnoException
    if (UNREACHABLE.has(code)) return new LevinError('CANNOT_CONNECT', `cannot connect: ${message}`)
    if (code.startsWith('HPE_')) return new LevinError('PROTOCOL', `no HTTP that is understood: ${message}`)
    return new LevinError('CONNECTION_LOST', `no answer: ${message}`, { cause: thrown })
  }

  /** Of a request whose answer was not read to its end, the connection closes. */
  end(): void {
    this.#cancelTimer()
    this.#cancelDeadline()
    this.#limits.signal?.removeEventListener('abort', this.#onAbort)
    if (this.#request?.destroyed === false) this.#request.destroy()
  }
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ETIMEDOUT'])

const late = (): LevinError => new LevinError('TIMED_OUT', 'the deadline of the whole call passed')
