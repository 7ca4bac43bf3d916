/** One request by HTTP, from its headers to the last byte of its answer. */
import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import type { Door } from '../../doors/door.js'
import { LevinError } from '../../errors.js'
import { shown } from '../../shown.js'
import type { Summary } from '../../summary.js'
import type { Address } from '../../transport/link.js'
import { isTraceparent } from '../../wire/messages.js'
import type { SynapseData } from '../../wire/value.js'
import { HOTKEY_CHARACTERS } from '../admission.js'
import { type Caller, type Dispatcher, MOST_REASON, type Running } from '../dispatch/dispatcher.js'
import type { Egress } from '../egress.js'
import type { FairLoop, LoopWork } from '../fair-loop.js'
import type { MemoryGuard } from '../memory-guard.js'
import { type Claim, type HttpDoor, NotAsSigned, type RequestHead, type Visit } from './door.js'
import type { Gate } from './gate.js'
import type { ReplySettings } from './http-reply.js'
import { JsonPacket } from './json-packet.js'
import { Refused } from './refused.js'
import { bodyLength, headOf } from './request-head.js'
import type { VisitTally } from './tally.js'
import type { Visiting, Visitor, Visitors } from './visitors.js'

/** A body that is refused is read and thrown away up to here, so that its sender hears why; beyond, the connection ends. */
const MOST_IGNORED_BYTES = 64 * 1024

/** What a request needs of the miner. */
export interface HttpHost extends ReplySettings {
  readonly clock: Clock
  readonly dispatcher: Dispatcher
  readonly loop: FairLoop
  readonly memory: MemoryGuard
  readonly noise: Summary
  readonly gate: Gate
  readonly visitors: Visitors
  readonly bodyBytes: number
  readonly isStopping: boolean
  /** A request proved to be an admitted validator's; and is over. */
  proved(hotkey: string, remote: Address): void
  left(remote: Address): void
}

export class HttpExchange implements Caller, LoopWork, Visiting {
  hotkey = ''
  readonly remote: Address
  readonly door: Door
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #host: HttpHost
  readonly #signsBody: boolean
  readonly #tellsSynapses: boolean
  readonly #tally: VisitTally
  readonly #head: RequestHead
  readonly #visit: Visit
  #visitor: Visitor | undefined
  #body: Buffer | undefined
  #received = 0
  /** Of those, what counts as a stranger's. */
  #unproved = 0
  #isOver = false
  #isRunning = false
  #running: Running | undefined
  /** Another request of the same validator may begin. */
  #end = (): void => {}
  /** Who waits for the body hears that none comes. */
  #giveUpBody = (): void => {}

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    door: HttpDoor,
    tally: VisitTally,
    host: HttpHost,
  ) {
    this.door = door.name
    this.#request = request
    this.#response = response
    this.#host = host
    this.#signsBody = door.signsBody
    this.#tellsSynapses = door.isOpenAboutSynapses
    this.#tally = tally
    this.#head = headOf(request)
    this.remote = this.#head.remote
    this.#visit = door.visit(this.#head, response, host)
    response.on('drain', this.#onDrain)
    response.on('close', this.#onClose)
  }

  /** @param isPipelined the request before on this connection is not answered: nobody needs that, and it costs memory */
  async run(isPipelined: boolean): Promise<void> {
    try {
      await this.#enter(isPipelined)
    } catch (error) {
      this.#refuse(error)
    }
  }

  async #enter(isPipelined: boolean): Promise<void> {
    const { dispatcher, gate, isStopping, memory } = this.#host
    const { host } = this.remote
    if (isPipelined)
      throw new Refused('malformed request', 'malformed', { words: 'wait for the answer before' })
    if (isStopping) throw new Refused('stopping', 'stopping')
    if (gate.isShut(host)) throw new Refused('too many attempts', 'tooMany')
    const length = this.#bodyLength()
    if (this.#tellsSynapses) this.#mustBeKnown()
    const claim = this.#visit.claim(this.#host.clock.unixMs())
    if (typeof claim === 'string') throw new Refused('not verified', 'notVerified', { words: claim })
    this.hotkey = claim.hotkey
    await gate.admit(claim, this.remote)
    if (this.#isOver) return
    if (memory.refuses(dispatcher.running)) throw new Refused('no memory', 'stopping')
    const body = await this.#proven(claim, length)
    if (body === undefined || this.#isOver) return
    this.#mustBeKnown()
    this.#body = body
    this.#end = this.#visitor!.begin(() => this.#take())
  }

  #take(): void {
    const { isStopping, loop } = this.#host
    const { egress, place } = this.#visitor!
    if (isStopping) this.#refuse(new Refused('stopping', 'stopping'))
    else if (egress.isFull) egress.whenRoom(() => loop.take(place, this))
    else loop.take(place, this)
  }

  #bodyLength(): number {
    const length = bodyLength(this.#request, this.#host.bodyBytes)
    if (typeof length === 'number') return length
    const refusal = length.failure === 'tooLarge' ? 'body too large' : 'malformed request'
    throw new Refused(refusal, length.failure, { words: length.words })
  }

  #mustBeKnown(): void {
    const { dispatcher } = this.#host
    if (dispatcher.route(this.#head.name) !== undefined) return
    dispatcher.unrecognized++
    throw new Refused('unknown synapse', 'unknownSynapse')
  }

  /** The body of a request whose signature is good; undefined when nobody waits for the answer any more. */
  async #proven(claim: Claim, length: number): Promise<Buffer | undefined> {
    if (!this.#signsBody) {
      this.#prove(claim, Buffer.alloc(0))
      return this.#read(length)
    }
    const body = await this.#read(length)
    if (body !== undefined && !this.#isOver) this.#prove(claim, body)
    return body
  }

  #prove(claim: Claim, body: Buffer): void {
    const { gate, visitors } = this.#host
    gate.prove(claim, this.door, body, this.remote)
    this.#isProved()
    const visitor = visitors.enter(claim.hotkey, this)
    if (visitor === undefined) throw new Refused('too many validators', 'tooMany')
    this.#visitor = visitor
    this.#host.proved(claim.hotkey, this.remote)
  }

  #isProved(): void {
    this.#host.gate.givesBack(this.#unproved)
    this.#unproved = 0
  }

  /** @returns undefined when the caller is gone; nothing of more than `length` bytes comes here: Node sees to it */
  #read(length: number): Promise<Buffer | undefined> {
    if (length > 0 && this.#request.headers.expect !== undefined) this.#response.writeContinue()
    const chunks: Buffer[] = []
    return new Promise((resolve, reject) => {
      this.#giveUpBody = () => resolve(undefined)
      this.#request.on('data', (chunk: Buffer) => {
        this.#received += chunk.length
        if (this.#keeps(chunk.length)) chunks.push(chunk)
        else {
          chunks.length = 0
          this.#request.pause() // for good: the connection ends with the refusal
          reject(new Refused('no memory', 'stopping'))
        }
      })
      this.#request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    })
  }

  /** @returns whether there is room for what came */
  #keeps(bytes: number): boolean {
    if (this.#visitor !== undefined) {
      const { loop } = this.#host
      const isHeld = loop.read(this.#visitor.place, bytes, { begin: () => void this.#request.resume() })
      if (isHeld) this.#request.pause()
      return true
    }
    const counted = this.#host.gate.keepsUnproved(bytes, this.remote.host)
    if (counted === undefined) return false
    this.#unproved += counted
    return true
  }

  /** It is its turn on the loop; its caller may be gone meanwhile. */
  begin(): void {
    const body = this.#body
    this.#body = undefined
    if (this.#isOver || body === undefined) return
    try {
      this.#dispatch(this.#visit.read(body))
    } catch (error) {
      this.#refuse(
        error instanceof NotAsSigned
          ? new Refused('not as signed', 'failed', { detail: error.message })
          : error,
      )
    }
  }

  #dispatch(data: SynapseData): void {
    const { clock, dispatcher } = this.#host
    const { traceparent } = this.#request.headers
    const trace = typeof traceparent === 'string' && isTraceparent(traceparent) ? traceparent : undefined
    const packet = new JsonPacket(this.#head.name, data, Math.floor(clock.unixMs() / 1000), trace)
    this.#tally.accepted++
    this.#running = dispatcher.dispatch(packet, this, this.#visit.reply)
  }

  get egress(): Egress {
    return this.#visitor!.egress
  }

  callStarted(): void {
    this.#isRunning = true
  }

  callEnded(): void {
    this.#isRunning = false
    this.#leave()
  }

  get waiting(): number {
    return this.#isOver ? 0 : this.#visit.reply.waiting
  }

  /** Node sees to it that the request comes in time. */
  progress(): number | undefined {
    return this.waiting > 0 ? -this.waiting : undefined
  }

  get keptBytes(): number {
    return this.#isOver ? 0 : this.#received
  }

  abandon(): void {
    this.#response.destroy()
  }

  readonly #onDrain = (): void => {
    if (this.#visit.reply.drained()) this.#running?.drained()
    this.#visitor?.egress.drained()
  }

  /** The answer is with the caller's system, or the caller is gone. */
  readonly #onClose = (): void => {
    this.#isOver = true
    this.#body = undefined
    this.#giveUpBody()
    this.#isProved() // or never will be
    if (!this.#response.writableFinished) this.#running?.cancel('the caller hung up')
    this.#visitor?.egress.drained()
    this.#leave()
  }

  /** The place of a validator is free when its answer is gone and its handler done: one may go on for long. */
  #leave(): void {
    if (!this.#isOver || this.#isRunning || this.#visitor === undefined) return
    this.#host.visitors.leave(this.#visitor, this)
    this.#end()
    this.#host.left(this.remote)
  }

  #refuse(error: unknown): void {
    const refused = error instanceof Refused ? error : this.#malformed(error)
    const { failure, refusal, words, detail } = refused
    const { gate, noise } = this.#host
    this.#tally.refused[refusal] = (this.#tally.refused[refusal] ?? 0) + 1
    if (this.#visitor === undefined) gate.refused(refusal, this.remote.host)
    const { door, remote } = this
    const reason = detail ?? words
    noise.note(`by HTTP: ${refusal}`, 'refused a request by HTTP', {
      reason: reason === undefined ? refusal : `${refusal}: ${shown(reason, MOST_REASON)}`,
      door,
      hotkey: shown(this.hotkey, HOTKEY_CHARACTERS),
      remote,
    })
    if (this.#isOver || this.#response.headersSent) return
    if (this.#endsConnection(refused)) this.#response.setHeader('connection', 'close')
    this.#visit.reply.refuse(failure, {}, words)
  }

  /** Of our own defects nothing is told but that there is one. */
  #malformed(error: unknown): Refused {
    const { code, message } = LevinError.from(error)
    if (code === 'PROTOCOL') return new Refused('malformed request', 'malformed', { words: message })
    this.#host.noise.note('a request by HTTP failed', 'a request by HTTP failed', { error }, 'error')
    return new Refused('defect', 'failed')
  }

  /** Nothing more is read of who breaks the form, comes too often, or would send on for long. */
  #endsConnection({ failure, refusal }: Refused): boolean {
    if (refusal === 'malformed request' || failure === 'tooMany' || failure === 'stopping') return true
    return Number(this.#request.headers['content-length'] ?? 0) - this.#received > MOST_IGNORED_BYTES
  }
}
