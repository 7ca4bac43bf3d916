import { inspect } from 'node:util'
import type { Signer } from '../auth/signer.js'
import { decodeHotkey } from '../auth/ss58.js'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import { limited } from '../limited-logger.js'
import type { Logger } from '../logger.js'
import { checkKeys, integer, MAX_TIMER_MS, milliseconds } from '../options.js'
import { checkLogger } from '../pino-logger.js'
import { Summary } from '../summary.js'
import { checkEngine, type EngineChoice } from '../transport/load-engine.js'
import { checkHangMs, hangMsOfEnvironment } from '../watchdog/supervised.js'
import { DEFAULT_MAX_FRAME_PAYLOAD, MAX_MAX_FRAME_PAYLOAD, MIN_MAX_FRAME_PAYLOAD } from '../wire/frame.js'
import type { Reconnecting, ReconnectOptions } from './backoff.js'
import { checkStreamBytes } from './call-options.js'

const MIB = 1024 * 1024
const DEFAULT_MAX_STREAM_BYTES = 64 * MIB
const DEFAULT_ANSWER_MEMORY_BYTES = 64 * MIB

/** What `new Validator` takes. Only the signer must be given; docs/options.md has all defaults in one table. */
export interface ValidatorOptions {
  /** The validator's hotkey and what signs for it. */
  readonly signer: Signer
  /**
   * The QUIC engine: `quinn`, the native one, `quiche`, or `auto`: quinn where it loads, else quiche. Default: the
   * environment variable `LEVIN_ENGINE`, or `auto`. For tests: one of `memoryNetwork()` of `levin/testing`.
   */
  readonly engine?: EngineChoice
  /** Default: `pinoLogger('warn')`, JSON lines on standard error. */
  readonly logger?: Logger
  /** Milliseconds that connecting and the handshake may take together. Default 10,000, as btlightning. */
  readonly connectTimeoutMs?: number
  /**
   * Milliseconds that a miner may take to answer, unless the query says otherwise. Default 12,000, about one block.
   * Writing the request has a budget of its own (5 s and 1 s for each MiB, at most 60 s), so that a large request on a
   * slow path is not cut off.
   */
  readonly timeoutMs?: number
  /** Bytes of all chunks of one stream together, unless the call says otherwise; `Infinity` for no limit. Default 64 MiB, as btlightning. */
  readonly maxStreamBytes?: number
  /** Addresses that may be connected at once. Default 1,024, as btlightning. */
  readonly maxConnections?: number
  /** When an address that failed, or was lost, is tried again. */
  readonly reconnect?: ReconnectOptions
  /** Milliseconds of silence in a stream, unless the call says otherwise. Default 60,000. */
  readonly streamTimeoutMs?: number
  /** Bytes of one frame's payload, in and out. Default 64 MiB; from 1 MiB to 2^32-1. */
  readonly maxFrameBytes?: number
  /**
   * Bytes that the answers which are coming in may take together, those of under 256 KiB left out. Beyond it, miners have
   * to wait, and their time with them; only one goes on. Default 64 MiB, one frame of the largest size: so with the one
   * that goes on, 128 MiB. From 1 MiB.
   */
  readonly answerMemoryBytes?: number
  /** Milliseconds of silence after which a connection is given up. Default 150,000, as btlightning. */
  readonly idleTimeoutMs?: number
  /** Milliseconds of silence after which the miner is asked for a sign of life. Default 30,000, as btlightning. */
  readonly keepAliveMs?: number
  /**
   * Milliseconds for which the event loop may stand still before the process is ended, by a thread beside the loop, so that
   * its supervisor starts it again; 500 or more, or 0 for never. It is watched from the first call on. Default: the
   * environment variable `LEVIN_HANG_MS`, which `levin-supervisor` sets to 1,000, else 0.
   */
  readonly hangMs?: number
  /** For tests: another clock than the machine's. */
  readonly clock?: Clock
}

/** Checked, with every default filled in. */
export type ValidatorSettings = Required<Omit<ValidatorOptions, 'reconnect'>> & {
  readonly reconnect: Reconnecting
  /** What miners cause in the log. */
  readonly noise: Summary
}

const WHERE = 'new Validator'

const KEYS: readonly (keyof ValidatorOptions)[] = [
  'signer',
  'engine',
  'logger',
  'connectTimeoutMs',
  'timeoutMs',
  'streamTimeoutMs',
  'maxStreamBytes',
  'maxConnections',
  'reconnect',
  'maxFrameBytes',
  'answerMemoryBytes',
  'idleTimeoutMs',
  'keepAliveMs',
  'hangMs',
  'clock',
]

const RECONNECT_KEYS: readonly (keyof ReconnectOptions)[] = [
  'firstMs',
  'mostMs',
  'fastTries',
  'probeMs',
  'jitter',
  'background',
]

/** @throws LevinError CONFIG naming the option and what it may be */
export function checkValidatorOptions(options: ValidatorOptions): ValidatorSettings {
  checkKeys(WHERE, options, KEYS)
  const { signer } = options
  if (typeof signer?.sign !== 'function') {
    throw new LevinError(
      'CONFIG',
      'new Validator: signer is missing; make one with seedSigner(seed) or callbackSigner(hotkey, sign)',
    )
  }
  decodeHotkey(signer.hotkey)
  const clock = options.clock ?? systemClock
  const logger = limited(checkLogger('new Validator', options.logger, 'warn'), clock)
  const idleTimeoutMs = integer(WHERE, 'idleTimeoutMs', options.idleTimeoutMs ?? 150_000, 100, 3_600_000)
  return {
    signer,
    engine: checkEngine('new Validator', options.engine),
    logger,
    noise: new Summary(logger, clock),
    connectTimeoutMs: checkTimeout('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    timeoutMs: checkTimeout('timeoutMs', options.timeoutMs ?? 12_000),
    streamTimeoutMs: checkTimeout('streamTimeoutMs', options.streamTimeoutMs ?? 60_000),
    maxStreamBytes: checkStreamBytes(WHERE, options.maxStreamBytes ?? DEFAULT_MAX_STREAM_BYTES),
    maxConnections: integer(WHERE, 'maxConnections', options.maxConnections ?? 1024, 1, 65_536),
    reconnect: checkReconnect(options.reconnect ?? {}),
    maxFrameBytes: integer(
      WHERE,
      'maxFrameBytes',
      options.maxFrameBytes ?? DEFAULT_MAX_FRAME_PAYLOAD,
      MIN_MAX_FRAME_PAYLOAD,
      MAX_MAX_FRAME_PAYLOAD,
    ),
    answerMemoryBytes: integer(
      WHERE,
      'answerMemoryBytes',
      options.answerMemoryBytes ?? DEFAULT_ANSWER_MEMORY_BYTES,
      MIB,
      Number.MAX_SAFE_INTEGER,
    ),
    idleTimeoutMs,
    keepAliveMs: integer(
      WHERE,
      'keepAliveMs',
      options.keepAliveMs ?? Math.min(30_000, idleTimeoutMs - 1),
      10,
      idleTimeoutMs - 1,
    ),
    hangMs: checkHangMs(`${WHERE}: hangMs`, options.hangMs ?? hangMsOfEnvironment()),
    clock,
  }
}

/** @throws LevinError CONFIG for what is no time */
export const checkTimeout = (name: string, value: number): number => milliseconds(WHERE, name, value)

function checkReconnect(options: ReconnectOptions): Reconnecting {
  const where = `${WHERE}: reconnect`
  checkKeys(where, options, RECONNECT_KEYS)
  const { jitter = 0.2, background = false } = options
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    throw new LevinError('CONFIG', `${where}: jitter is ${inspect(jitter)}; it is a number from 0 to 1`)
  }
  if (typeof background !== 'boolean') {
    throw new LevinError('CONFIG', `${where}: background is ${inspect(background)}; it is true or false`)
  }
  const ms = (name: 'firstMs' | 'mostMs' | 'probeMs', fallback: number, least: number) =>
    integer(where, name, options[name] ?? fallback, least, MAX_TIMER_MS)
  const firstMs = ms('firstMs', 1000, 10)
  return {
    firstMs,
    mostMs: ms('mostMs', Math.max(60_000, firstMs), firstMs),
    fastTries: integer(where, 'fastTries', options.fastTries ?? 5, 0, 1_000_000),
    probeMs: ms('probeMs', 60_000, 10),
    jitter,
    background,
  }
}
