/** A validator's authenticated connection to one miner: any number of concurrent calls. */
import type {
  ChunkOf,
  PlainOptions,
  QueryOf,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../contract/definition.js'
import type { LevinError } from '../errors.js'
import { isLevins } from '../transport/certificate.js'
import type { Link } from '../transport/link.js'
import { FRAME_HEADER_BYTES } from '../wire/frame.js'
import { recycle, TRACEPARENT_BYTES, withTraceparent } from '../wire/messages.js'
import { decodeValue } from '../wire/msgpack.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { AnswerMemory } from './answer-memory.js'
import type { Axon } from './axon.js'
import { callError } from './call-error.js'
import {
  type CallOptions,
  checkCallOptions,
  checkStreamOptions,
  type Limits,
  limitsOf,
  NO_OPTIONS,
  type StreamCallOptions,
} from './call-options.js'
import { reasonOf } from './close-reasons.js'
import type { Connection, ConnectionOwner } from './connection.js'
import type { ExchangeOptions, Meter, OpenStream, Seeker } from './exchange.js'
import { Line } from './line.js'
import type { ValidatorSettings } from './options.js'
import { type Answer, query } from './query.js'
import { describe, encodeRequest } from './request.js'
import { ChunkStream } from './stream.js'

/** Milliseconds between two looks at whether the last call on a connection is over that takes no more. */
const RETIRED_LOOK_MS = 1_000

export class MinerConnection implements Connection {
  readonly axon: Axon
  readonly #link: Link
  readonly #settings: ValidatorSettings
  readonly #memory: AnswerMemory
  readonly #meter: Meter
  /** Calls beyond what the miner allows at once (128 streams), first come first served. */
  readonly #waiting = new Line<Seeker>()
  /** Looked at when it is first needed. */
  #takesTraces: boolean | undefined

  /** @internal made by the validator */
  constructor(
    axon: Axon,
    link: Link,
    settings: ValidatorSettings,
    owner: ConnectionOwner,
    memory: AnswerMemory = new AnswerMemory(settings.answerMemoryBytes, settings.clock),
    meter: Meter = { bytesOut: 0, bytesIn: 0 },
  ) {
    this.axon = axon
    this.#link = link
    this.#settings = settings
    this.#memory = memory
    this.#meter = meter
    link.events = {
      onStreamSlot: () => this.#fillSlots(),
      onSilence: (isSilent) => owner.onSilence?.(isSilent),
      onClosed: (closed) => {
        this.#failWaiting(reasonOf(closed))
        owner.onClosed(closed)
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
    options: CallOptions = NO_OPTIONS,
  ): Promise<Answer<ResponseOf<O>>> {
    try {
      checkCallOptions(options)
    } catch (error) {
      throw this.#failed(synapse, error)
    }
    return this.ask(synapse, request, limitsOf(options, this.#settings.clock))
  }

  /** @internal As `query`, for a call that began before; the request may be encoded. */
  async ask<O extends PlainOptions>(
    synapse: SynapseDefinition<O>,
    request: unknown,
    limits: Limits,
  ): Promise<Answer<ResponseOf<O>>> {
    try {
      const answer = await query(this.#exchange(synapse, request, limits, this.#settings.timeoutMs))
      const data = describe(synapse).response?.instance(answer.data, 'INVALID_ANSWER') ?? answer.data
      return { data: data as ResponseOf<O>, latencyMs: answer.latencyMs }
    } catch (error) {
      throw this.#failed(synapse, error)
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
    options: StreamCallOptions = NO_OPTIONS,
  ): AsyncIterableIterator<ChunkOf<O>> {
    try {
      checkStreamOptions(options)
    } catch (error) {
      throw this.#failed(synapse, error)
    }
    return this.askStream(synapse, request, limitsOf(options, this.#settings.clock))
  }

  /** @internal As `stream`, for a call that began before; the request may be encoded. */
  askStream<O extends StreamOptions>(
    synapse: SynapseDefinition<O>,
    request: unknown,
    limits: Limits,
  ): AsyncIterableIterator<ChunkOf<O>> {
    const failed = (error: unknown) => this.#failed(synapse, error)
    try {
      const { chunk } = describe(synapse)
      const read = chunk
        ? (bytes: Uint8Array) => chunk.instance(decodeValue(bytes), 'INVALID_ANSWER')
        : (bytes: Uint8Array) => bytes
      const { streamTimeoutMs, maxStreamBytes } = this.#settings
      const exchange = this.#exchange(synapse, request, limits, streamTimeoutMs)
      const mostBytes = limits.maxStreamBytes ?? maxStreamBytes
      return new ChunkStream(exchange, mostBytes, read as (bytes: Uint8Array) => ChunkOf<O>, failed)
    } catch (error) {
      throw failed(error)
    }
  }

  #failed({ name }: SynapseDefinition, error: unknown): LevinError {
    return callError(error, this.axon.hotkey, name)
  }

  /** The trace goes on at a miner that is Levin, too; all others are sent what they would be sent without it. */
  #traced(frame: Uint8Array, traceparent: string | undefined): Uint8Array {
    if (traceparent === undefined) return frame
    this.#takesTraces ??= isLevins(this.#link.peerCertificate ?? new Uint8Array())
    const mostBytes = this.#settings.maxFrameBytes + FRAME_HEADER_BYTES
    if (!this.#takesTraces || frame.length + TRACEPARENT_BYTES > mostBytes) return frame
    const traced = withTraceparent(frame, traceparent)
    recycle(frame)
    return traced
  }

  #exchange(
    synapse: SynapseDefinition,
    request: unknown,
    { timeoutMs, deadlineAtMs, signal, traceparent }: Limits,
    defaultTimeoutMs: number,
  ): ExchangeOptions {
    const { clock, maxFrameBytes } = this.#settings
    return {
      frame: this.#traced(encodeRequest(synapse, request, this.#settings), traceparent),
      timeoutMs: timeoutMs ?? defaultTimeoutMs,
      deadlineAtMs,
      meter: this.#meter,
      signal,
      maxFrameBytes,
      memory: this.#memory,
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
    for (const seeker of this.#takeWaiting()) seeker.reader.onReset(reason)
  }

  *#takeWaiting(): Generator<Seeker> {
    for (let place = this.#waiting.first; place !== undefined; place = this.#waiting.first) {
      place.leave()
      yield place.value
    }
  }

  /** Ends the connection; calls that run on it fail with CONNECTION_LOST. Idempotent. */
  close(): void {
    this.closeWith(CloseReason.clientShutdown)
  }

  /** @internal Asks the miner for a sign of life. */
  ping(): void {
    this.#link.ping()
  }

  /**
   * @internal Takes no more calls, as its owner promises: ends when the last one is over.
   * @param successor where those wait from here on that wait for a stream: nothing was sent of them. Without one they fail
   */
  retire(successor: Connection | undefined): void {
    const isSame = successor instanceof MinerConnection && successor.axon.hotkey === this.axon.hotkey
    if (!isSame) this.#failWaiting('the miner fell silent')
    else for (const seeker of this.#takeWaiting()) seeker.moveTo(successor.#open)
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    if (!this.isOpen) return
    if (this.#link.streams().length === 0) this.close()
    else this.#settings.clock.after(RETIRED_LOOK_MS, () => this.#endWhenIdle())
  }

  /** @internal */
  closeWith(reason: CloseReason): void {
    this.#link.close(CLOSE_CODE, reason)
  }
}
