/** A validator's authenticated connection to one miner: any number of concurrent calls. */
import type {
  ChunkOf,
  PlainOptions,
  QueryOf,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
  SynapseOptions,
} from '../contract/definition.js'
import { type Dto, describeDto } from '../contract/dto.js'
import { LevinError } from '../errors.js'
import type { Link } from '../transport/link.js'
import { FRAME_HEADER_BYTES } from '../wire/frame.js'
import { encodeSynapsePacket } from '../wire/messages.js'
import { decodeValue } from '../wire/msgpack.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import type { Axon } from './axon.js'
import { callError } from './call-error.js'
import { reasonOf } from './close-reasons.js'
import type { ExchangeOptions, OpenStream, Seeker } from './exchange.js'
import { Line } from './line.js'
import { checkTimeout, type ValidatorSettings } from './options.js'
import { type Answer, query } from './query.js'
import { ChunkStream } from './stream.js'

export interface CallOptions {
  /** Milliseconds that the miner may take; for a stream, between two chunks. Default: the validator's. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** The classes of a definition, looked at once. */
interface Described {
  readonly request: Dto | undefined
  readonly response: Dto | undefined
  readonly chunk: Dto | undefined
}

export class MinerConnection {
  readonly axon: Axon
  readonly #link: Link
  readonly #settings: ValidatorSettings
  /** Calls beyond what the miner allows at once (128 streams), first come first served. */
  readonly #waiting = new Line<Seeker>()

  /** @internal made by `Validator.connect`, which is told by `onClosed` when the link is gone */
  constructor(axon: Axon, link: Link, settings: ValidatorSettings, onClosed: () => void) {
    this.axon = axon
    this.#link = link
    this.#settings = settings
    link.events = {
      onStreamSlot: () => this.#fillSlots(),
      onClosed: (closed) => {
        this.#failWaiting(reasonOf(closed))
        onClosed()
      },
    }
  }

  /** Whether calls can be made; a connection that closed does not open again. */
  get isOpen(): boolean {
    return this.#link.closed === undefined
  }

  /**
   * Asks a synapse that is answered once.
   * @throws LevinError INVALID_REQUEST, LIMIT, TIMED_OUT, PEER_ERROR, PROTOCOL, INVALID_ANSWER, CONNECTION_LOST, ABORTED
   */
  async query<O extends PlainOptions>(
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options: CallOptions = {},
  ): Promise<Answer<ResponseOf<O>>> {
    try {
      const described = describe(synapse)
      const exchange = this.#exchange(synapse, described, request, options, this.#settings.timeoutMs)
      const answer = await query(exchange)
      const data = described.response?.instance(answer.data, 'INVALID_ANSWER') ?? answer.data
      return { data: data as ResponseOf<O>, latencyMs: answer.latencyMs }
    } catch (error) {
      throw callError(error, this.axon.hotkey, synapse.name)
    }
  }

  /**
   * Asks a synapse that is answered with a stream. Nothing is sent before the first chunk is asked for; a slow reader
   * slows the miner down; leaving the loop ends the stream.
   * @throws what `query` throws, from the loop; INVALID_REQUEST and LIMIT at once
   */
  stream<O extends StreamOptions>(
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options: CallOptions = {},
  ): AsyncIterableIterator<ChunkOf<O>> {
    const failed = (error: unknown) => callError(error, this.axon.hotkey, synapse.name)
    try {
      const described = describe(synapse)
      const { chunk } = described
      const read = chunk
        ? (bytes: Uint8Array) => chunk.instance(decodeValue(bytes), 'INVALID_ANSWER')
        : (bytes: Uint8Array) => bytes
      const exchange = this.#exchange(synapse, described, request, options, this.#settings.streamTimeoutMs)
      return new ChunkStream(exchange, read as (bytes: Uint8Array) => ChunkOf<O>, failed)
    } catch (error) {
      throw failed(error)
    }
  }

  #exchange(
    { name }: SynapseDefinition,
    { request: dto }: Described,
    request: object,
    { timeoutMs, signal }: CallOptions,
    defaultTimeoutMs: number,
  ): ExchangeOptions {
    const { clock, maxFrameBytes } = this.#settings
    const data = dto === undefined ? request : dto.plain(dto.instance(request, 'INVALID_REQUEST'))
    const frame = encodeSynapsePacket({
      synapseType: name,
      data,
      timestamp: Math.floor(clock.unixMs() / 1000),
    })
    const bytes = frame.length - FRAME_HEADER_BYTES
    if (bytes > maxFrameBytes) {
      throw new LevinError('LIMIT', `the request has ${bytes} bytes, maxFrameBytes is ${maxFrameBytes}`)
    }
    return {
      frame,
      timeoutMs: timeoutMs === undefined ? defaultTimeoutMs : checkTimeout('timeoutMs', timeoutMs),
      signal,
      maxFrameBytes,
      clock,
      open: this.#open,
    }
  }

  readonly #open: OpenStream = (seeker) => {
    const { closed } = this.#link
    if (closed !== undefined) {
      seeker.reader.onReset(reasonOf(closed))
      return undefined
    }
    const stream = this.#waiting.first === undefined ? this.#link.openStream(seeker.reader) : undefined
    if (stream === undefined) return this.#waiting.join(seeker)
    seeker.opened(stream)
    return undefined
  }

  #fillSlots(): void {
    for (let place = this.#waiting.first; place !== undefined; place = this.#waiting.first) {
      const stream = this.#link.openStream(place.value.reader)
      if (stream === undefined) return
      place.leave()
      place.value.opened(stream)
    }
  }

  #failWaiting(reason: string): void {
    for (let place = this.#waiting.first; place !== undefined; place = this.#waiting.first) {
      place.leave()
      place.value.reader.onReset(reason)
    }
  }

  /** Ends the connection; calls that run on it fail with CONNECTION_LOST. Idempotent. */
  close(): void {
    this.#link.close(CLOSE_CODE, CloseReason.clientShutdown)
  }
}

const described = new WeakMap<SynapseDefinition, Described>()

function describe(synapse: SynapseDefinition<SynapseOptions>): Described {
  let found = described.get(synapse)
  if (found === undefined) {
    const { request, response, stream, unknownProperties = 'refuse' } = synapse.options
    // without the synapse, which `callError` names
    const dto = (type: typeof request, use: string) => type && describeDto(type, use, { unknownProperties })
    found = {
      request: dto(request, 'the request'),
      response: dto(response, 'the answer'),
      chunk: dto(stream === true ? undefined : stream, 'the chunk'),
    }
    described.set(synapse, found)
  }
  return found
}
