import type { Signer } from '../auth/signer.js'
import { decodeHotkey } from '../auth/ss58.js'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { checkLogger } from '../pino-logger.js'
import { checkEngine, type EngineChoice } from '../transport/load-engine.js'
import { DEFAULT_MAX_FRAME_PAYLOAD, MAX_MAX_FRAME_PAYLOAD, MIN_MAX_FRAME_PAYLOAD } from '../wire/frame.js'

export interface ValidatorOptions {
  /** The validator's hotkey and what signs for it. */
  readonly signer: Signer
  /**
   * The QUIC engine: `quinn`, the native one, `quiche`, or `auto`: quinn where it loads, else quiche. Default: the
   * environment variable `LEVIN_ENGINE`, or `auto`.
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
  /** Milliseconds of silence in a stream, unless the call says otherwise. Default 60,000. */
  readonly streamTimeoutMs?: number
  /** Bytes of one frame's payload, in and out. Default 64 MiB; from 1 MiB to 2^32-1. */
  readonly maxFrameBytes?: number
  /** Milliseconds of silence after which a connection is given up. Default 150,000, as btlightning. */
  readonly idleTimeoutMs?: number
  /** Milliseconds of silence after which the miner is asked for a sign of life. Default 30,000, as btlightning. */
  readonly keepAliveMs?: number
  /** For tests: another clock than the machine's. */
  readonly clock?: Clock
}

/** Checked, with every default filled in. */
export type ValidatorSettings = Required<ValidatorOptions>

/** The longest time for which Node can set a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1

const KEYS: ReadonlySet<string> = new Set<keyof ValidatorOptions>([
  'signer',
  'engine',
  'logger',
  'connectTimeoutMs',
  'timeoutMs',
  'streamTimeoutMs',
  'maxFrameBytes',
  'idleTimeoutMs',
  'keepAliveMs',
  'clock',
])

/** @throws LevinError CONFIG naming the option and what it may be */
export function checkValidatorOptions(options: ValidatorOptions): ValidatorSettings {
  for (const key of Object.keys(options)) {
    if (!KEYS.has(key)) {
      throw new LevinError(
        'CONFIG',
        `new Validator: there is no option '${key}'; there are ${[...KEYS].join(', ')}`,
      )
    }
  }
  const { signer } = options
  if (typeof signer?.sign !== 'function') {
    throw new LevinError(
      'CONFIG',
      'new Validator: signer is missing; make one with seedSigner(seed) or callbackSigner(hotkey, sign)',
    )
  }
  decodeHotkey(signer.hotkey)
  const idleTimeoutMs = integer('idleTimeoutMs', options.idleTimeoutMs ?? 150_000, 100, 3_600_000)
  return {
    signer,
    engine: checkEngine('new Validator', options.engine),
    logger: checkLogger('new Validator', options.logger, 'warn'),
    connectTimeoutMs: checkTimeout('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    timeoutMs: checkTimeout('timeoutMs', options.timeoutMs ?? 12_000),
    streamTimeoutMs: checkTimeout('streamTimeoutMs', options.streamTimeoutMs ?? 60_000),
    maxFrameBytes: integer(
      'maxFrameBytes',
      options.maxFrameBytes ?? DEFAULT_MAX_FRAME_PAYLOAD,
      MIN_MAX_FRAME_PAYLOAD,
      MAX_MAX_FRAME_PAYLOAD,
    ),
    idleTimeoutMs,
    keepAliveMs: integer(
      'keepAliveMs',
      options.keepAliveMs ?? Math.min(30_000, idleTimeoutMs - 1),
      10,
      idleTimeoutMs - 1,
    ),
    clock: options.clock ?? systemClock,
  }
}

/** @throws LevinError CONFIG for what is no time */
export const checkTimeout = (name: string, value: number): number => integer(name, value, 1, MAX_TIMER_MS)

function integer(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new LevinError('CONFIG', `${name} is ${value}; it is an integer from ${least} to ${most}`)
}
