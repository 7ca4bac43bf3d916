/** What calls through the pool need of a way to a miner's address, by whichever door. */
import type {
  ChunkOf,
  PlainOptions,
  ResponseOf,
  StreamOptions,
  SynapseDefinition,
} from '../contract/definition.js'
import type { Door } from '../doors/door.js'
import type { LevinError } from '../errors.js'
import type { Address, CloseInfo, LinkEvents } from '../transport/link.js'
import type { CloseReason } from '../wire/protocol-texts.js'
import type { AnswerMemory } from './answer-memory.js'
import type { Axon } from './axon.js'
import type { Limits } from './call-options.js'
import type { Meter } from './exchange.js'
import type { Answer } from './query.js'

export interface Connection {
  /** @param axon who is asked: where nobody proved who he is, several may be listed at one address */
  ask<O extends PlainOptions>(
    synapse: SynapseDefinition<O>,
    request: unknown,
    limits: Limits,
    axon: Axon,
  ): Promise<Answer<ResponseOf<O>>>
  askStream<O extends StreamOptions>(
    synapse: SynapseDefinition<O>,
    request: unknown,
    limits: Limits,
    axon: Axon,
  ): AsyncIterableIterator<ChunkOf<O>>
  /** Asks the miner for a sign of life. */
  ping(): void
  /** Takes no more calls, as its owner promises: ends when the last one is over. */
  retire(successor: Connection | undefined): void
  /** Calls that run on it fail with CONNECTION_LOST. Idempotent. */
  closeWith(reason: CloseReason): void
}

/** Who made a connection, and is told what becomes of it. */
export type ConnectionOwner = Pick<LinkEvents, 'onSilence'> & Required<Pick<LinkEvents, 'onClosed'>>

/** What an attempt came to. */
export interface Reached {
  readonly door: Door
  /** SS58 of who proved himself there; undefined by HTTP, where nobody does. */
  readonly hotkey: string | undefined
  /** Seconds that its clock is ahead of ours, where it said so. */
  readonly clockSkewSeconds: number | undefined
  /** Why it is of no use any more. */
  readonly closed: CloseInfo | undefined
  /** @param meterOf where the bytes of a miner's calls are counted */
  connect(
    address: Address,
    owner: ConnectionOwner,
    memory: AnswerMemory,
    meterOf: (axon: Axon) => Meter,
  ): Connection
  /** When nobody wants it. */
  discard(reason: CloseReason): void
}

/** A try to reach an address. What ends it first wins. */
export interface Trial {
  readonly result: Promise<Reached>
  /** By the monotonic clock. */
  readonly beganMs: number
  giveUp(error: LevinError, reason?: CloseReason): void
}
