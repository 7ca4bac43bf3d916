/** What the transport is told, whatever engine it is: numbers with their reasons. */
import { LevinError } from '../errors.js'

const KIB = 1024
const MIB = 1024 * KIB

export interface QuicOptions {
  /** Milliseconds of silence after which a connection is given up. Default 150,000, as btlightning. */
  readonly idleTimeoutMs: number
  /** Milliseconds of silence after which we ask the peer for a sign of life. Default 30,000; below the idle timeout. */
  readonly keepAliveMs: number
  /** Bidirectional streams that the peer may have open at once. A miner: 128, as btlightning. A validator: 0. */
  readonly maxPeerStreams: number
  /** Bytes that a peer may send on a stream before we have read any. Default 1 MiB; grows to 3.5 MiB while we keep up. */
  readonly streamWindowBytes: number
}

export const defaultQuicOptions: QuicOptions = {
  idleTimeoutMs: 150_000,
  keepAliveMs: 30_000,
  maxPeerStreams: 128,
  streamWindowBytes: MIB,
}

/** The window that a stream may have: with what a reader keeps itself, a slow one is 4 MiB behind at most. */
export const MAX_STREAM_WINDOW = 3.5 * MIB

function integer(name: keyof QuicOptions, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new LevinError('CONFIG', `${name} is ${value}; it must be an integer from ${least} to ${most}`)
}

/** @throws LevinError CONFIG for a number that the engine must never see. */
export function checkQuicOptions(options: QuicOptions): QuicOptions {
  integer('idleTimeoutMs', options.idleTimeoutMs, 100, 3_600_000)
  integer('keepAliveMs', options.keepAliveMs, 10, options.idleTimeoutMs - 1)
  integer('maxPeerStreams', options.maxPeerStreams, 0, 65_536)
  integer('streamWindowBytes', options.streamWindowBytes, 16 * KIB, MAX_STREAM_WINDOW)
  return options
}
