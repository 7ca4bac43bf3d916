import type { CallOptions, StreamCallOptions } from '../client/call-options.js'
import type { MinerConnection } from '../client/miner-connection.js'
import type { Answer } from '../client/query.js'
import type {
  ChunkOf,
  PlainOptions,
  QueryOf,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../contract/definition.js'
import { LevinError } from '../errors.js'

/** What the miner knows of a call that its caller was told little of; undefined when there is nothing. */
export type Explain = (synapse: string) => unknown

/** A validator that is connected to the miner of a test, and was admitted. */
export class TestValidator {
  /** SS58. */
  readonly hotkey: string
  readonly #connection: MinerConnection
  readonly #explain: Explain

  /** @internal made by `TestMiner.as` */
  constructor(hotkey: string, connection: MinerConnection, explain: Explain) {
    this.hotkey = hotkey
    this.#connection = connection
    this.#explain = explain
  }

  /** Whether calls can be made: false when the miner closed the connection, as it does when the right to be there is lost. */
  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  /**
   * As `MinerConnection.query`.
   * @throws what that throws; with `PEER_ERROR`, `cause` is what the miner's own code threw
   */
  async query<O extends PlainOptions>(
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options?: CallOptions,
  ): Promise<Answer<ResponseOf<O>>> {
    try {
      return await this.#connection.query(synapse, request, options)
    } catch (error) {
      throw this.#explained(error, synapse.name)
    }
  }

  /**
   * As `MinerConnection.stream`.
   * @throws what that throws; with `PEER_ERROR`, `cause` is what the miner's own code threw
   */
  async *stream<O extends StreamOptions>(
    synapse: SynapseDefinition<O>,
    request: QueryOf<O>,
    options?: StreamCallOptions,
  ): AsyncGenerator<ChunkOf<O>, void, undefined> {
    try {
      yield* this.#connection.stream(synapse, request, options)
    } catch (error) {
      throw this.#explained(error, synapse.name)
    }
  }

  /** Ends the connection: calls that run on it fail with CONNECTION_LOST. Idempotent. */
  close(): void {
    this.#connection.close()
  }

  #explained(error: unknown, synapse: string): unknown {
    if (!(error instanceof LevinError) || error.code !== 'PEER_ERROR') return error
    return withCause(error, this.#explain(synapse))
  }
}

/** The same error, which says more to who reads it in a test's report. */
export function withCause(error: LevinError, cause: unknown): LevinError {
  if (cause === undefined) return error
  return Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
}
