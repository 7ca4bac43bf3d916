/** Calls by HTTP to one address, over connections that are kept alive. */
import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type {
  ChunkOf,
  DtoClass,
  PlainOptions,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../../contract/definition.js'
import type { Door } from '../../doors/door.js'
import { parseJsonObject } from '../../doors/json/parse.js'
import { jsonReader } from '../../doors/json/typed.js'
import { LevinError } from '../../errors.js'
import type { Address } from '../../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../../wire/protocol-texts.js'
import type { SynapseData } from '../../wire/value.js'
import type { AnswerMemory } from '../answer-memory.js'
import type { Axon } from '../axon.js'
import { callError } from '../call-error.js'
import type { Limits } from '../call-options.js'
import { inPlainWords } from '../close-reasons.js'
import type { Connection, ConnectionOwner } from '../connection.js'
import type { Meter } from '../exchange.js'
import type { ValidatorSettings } from '../options.js'
import type { Answer } from '../query.js'
import { describe, requestData } from '../request.js'
import { bittensor10Form } from './bittensor10-form.js'
import { btauthForm } from './btauth-form.js'
import type { DoorForm } from './door-form.js'
import { HttpCall } from './http-call.js'
import { nextNonce } from './nonce.js'
import { answerBytes, failureIn } from './read-answer.js'
import { linesOf, piecesOf, timed } from './stream-chunks.js'

/** TCP connections to one address at once, as many as a QUIC connection has streams; further calls wait. */
const MOST_SOCKETS = 128
/** How long one may be idle. Axons (uvicorn) close after 5 s, and a request must not cross that on the way. */
const IDLE_MS = 4_000
/** Of an answer's headers. An axon repeats the request's, and its message. */
const MOST_HEADER_BYTES = 32 * 1024

const FORMS: Readonly<Record<Exclude<Door, 'quic'>, DoorForm>> = {
  btauth: btauthForm,
  bittensor10: bittensor10Form,
}

interface Means {
  readonly address: Address
  readonly door: Exclude<Door, 'quic'>
  readonly settings: ValidatorSettings
  readonly owner: ConnectionOwner
  readonly memory: AnswerMemory
  readonly meterOf: (axon: Axon) => Meter
}

interface Exchange {
  readonly call: HttpCall
  readonly response: IncomingMessage
  readonly meter: Meter
  /** The request is over, as its socket shows. */
  done(): void
}

export class HttpConnection implements Connection {
  readonly #means: Means
  readonly #form: DoorForm
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS, timeout: IDLE_MS })
  readonly #calls = new Set<HttpCall>()
  /**
   * Of dendrites that ask nothing now. An axon takes the requests of one only in the order of their nonces, and those of
   * several connections overtake each other.
   */
  readonly #idleUuids: string[] = []
  #isClosed = false

  /** @internal made by the pool */
  constructor(means: Means) {
    this.#means = means
    this.#form = FORMS[means.door]
  }

  async ask<O extends PlainOptions>(
    synapse: SynapseDefinition<O>,
    request: unknown,
    limits: Limits,
    axon: Axon,
  ): Promise<Answer<ResponseOf<O>>> {
    try {
      const data = requestData(synapse, request)
      const { settings, memory } = this.#means
      const { call, response, meter, done } = await this.#begin(
        synapse,
        data,
        limits,
        axon,
        settings.timeoutMs,
      )
      try {
        const bytes = await answerBytes(response, call, settings.maxFrameBytes, memory)
        meter.bytesIn += bytes.length
        const latencyMs = settings.clock.monotonicMs() - call.beganMs
        const fields = this.#form.answer(synapse, parseJsonObject(bytes))
        const { response: dto } = describe(synapse)
        const answer = typedBy(synapse.options.response)(fields)
        return { data: (dto?.instance(answer, 'INVALID_ANSWER') ?? answer) as ResponseOf<O>, latencyMs }
      } catch (error) {
        throw call.why(error)
      } finally {
        done()
      }
    } catch (error) {
      throw callError(error, axon.hotkey, synapse.name)
    }
  }

  askStream<O extends StreamOptions>(
    synapse: SynapseDefinition<O>,
    request: unknown,
    limits: Limits,
    axon: Axon,
  ): AsyncIterableIterator<ChunkOf<O>> {
    const failed = (error: unknown): LevinError => callError(error, axon.hotkey, synapse.name)
    let data: object
    try {
      data = requestData(synapse, request)
    } catch (error) {
      throw failed(error)
    }
    const abandon = new AbortController()
    const signal = limits.signal ? AbortSignal.any([limits.signal, abandon.signal]) : abandon.signal
    const chunks = this.#chunks(synapse, data, { ...limits, signal }, axon, failed)
    return {
      next: () => chunks.next(),
      return: () => {
        abandon.abort(new LevinError('ABORTED', 'the reader left'))
        return chunks.return(undefined)
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  async *#chunks<O extends StreamOptions>(
    synapse: SynapseDefinition<O>,
    data: object,
    limits: Limits,
    axon: Axon,
    failed: (error: unknown) => LevinError,
  ): AsyncGenerator<ChunkOf<O>, undefined, undefined> {
    const { settings } = this.#means
    const { streamTimeoutMs, maxFrameBytes } = settings
    try {
      const { call, response, meter, done } = await this.#begin(synapse, data, limits, axon, streamTimeoutMs)
      try {
        const most = limits.maxStreamBytes ?? settings.maxStreamBytes
        const pieces = piecesOf(response, most, meter)
        const { chunk } = describe(synapse)
        if (chunk === undefined) {
          for await (const piece of timed(pieces, call)) yield piece as ChunkOf<O>
        } else {
          const read = typedBy(synapse.options.stream as DtoClass)
          for await (const line of timed(linesOf(pieces, maxFrameBytes), call))
            yield chunk.instance(read(parseJsonObject(line).data), 'INVALID_ANSWER') as ChunkOf<O>
        }
      } catch (error) {
        throw call.why(error)
      } finally {
        done()
      }
    } catch (error) {
      throw failed(error)
    }
  }

  /**
   * Signs and sends a request.
   * @returns when the head of a good answer is there
   * @throws LevinError for any other
   */
  async #begin(
    synapse: SynapseDefinition,
    data: object,
    limits: Limits,
    { hotkey }: Axon,
    defaultTimeoutMs: number,
  ): Promise<Exchange> {
    const { address, settings, meterOf } = this.#means
    const { clock, signer, maxFrameBytes } = settings
    const { host, port } = address
    const axon = { hotkey, host, port }
    const meter = meterOf(axon) // of the miner as it is known now: it may have left when the answer comes
    const timeoutMs = limits.timeoutMs ?? defaultTimeoutMs
    const call = new HttpCall(clock, timeoutMs, limits)
    const uuid = this.#idleUuids.pop() ?? randomUUID()
    this.#calls.add(call)
    const done = (): void => {
      call.end()
      if (this.#calls.delete(call) && this.#idleUuids.length < MOST_SOCKETS) this.#idleUuids.push(uuid)
    }
    try {
      if (this.#isClosed) throw closedByUs()
      call.check()
      const target = `/${encodeURIComponent(synapse.name)}`
      const nowNs = nextNonce(clock.unixMs())
      const unsigned = { synapse, data, target, axon, timeoutMs, uuid, nowNs }
      const { headers, body } = await this.#form.sign(signer, unsigned)
      if (body.length > maxFrameBytes)
        throw new LevinError(
          'LIMIT',
          `the request has ${body.length} bytes, maxFrameBytes is ${maxFrameBytes}`,
        )
      call.check()
      const request = httpRequest({
        host,
        port,
        method: 'POST',
        path: target,
        agent: this.#agent,
        maxHeaderSize: MOST_HEADER_BYTES,
        headers: { ...headers, 'content-length': body.length },
      })
      meter.bytesOut += body.length
      const response = await call.send(request, body)
      const failure = await failureIn(response, this.#form)
      if (failure !== undefined) throw failure
      return { call, response, meter, done }
    } catch (thrown) {
      done()
      const error = call.why(thrown)
      if (error.code === 'CANNOT_CONNECT' && !this.#isClosed) this.#lost(error)
      throw error
    }
  }

  /** Nobody takes connections there any more: whoever asks next looks for another way. Calls that run go on. */
  #lost({ message: reason }: LevinError): void {
    this.#isClosed = true
    this.#means.owner.onClosed({ code: CLOSE_CODE, reason, application: false, by: 'failed' })
  }

  /** Nothing has to be asked: a request by TCP shows by itself that nobody is there. */
  ping(): void {}

  /** Never falls silent, so that nothing takes its place. */
  retire(): void {}

  closeWith(reason: CloseReason): void {
    this.#isClosed = true
    for (const call of this.#calls) call.fail(closedByUs(reason))
    this.#agent.destroy()
  }
}

const closedByUs = (reason: CloseReason = CloseReason.clientShutdown): LevinError =>
  new LevinError('CONNECTION_LOST', `no answer: ${inPlainWords(reason)}`)

const readers = new WeakMap<DtoClass, (data: SynapseData) => SynapseData>()

/** Worked out once for each class. */
function typedBy(type: DtoClass | undefined): (data: SynapseData) => SynapseData {
  if (type === undefined) return (data) => data
  let read = readers.get(type)
  if (read === undefined) {
    read = jsonReader(type)
    readers.set(type, read)
  }
  return read
}
