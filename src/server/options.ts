import type { Signer } from '../auth/signer.js'
import { decodeHotkey } from '../auth/ss58.js'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import { limited } from '../limited-logger.js'
import type { Logger } from '../logger.js'
import { integer as checkInteger, checkKeys } from '../options.js'
import { checkLogger } from '../pino-logger.js'
import { checkEngine, type EngineChoice } from '../transport/load-engine.js'
import { checkHangMs, hangMsOfEnvironment } from '../watchdog/supervised.js'
import { DEFAULT_MAX_FRAME_PAYLOAD, MAX_MAX_FRAME_PAYLOAD, MIN_MAX_FRAME_PAYLOAD } from '../wire/frame.js'
import { type AccessPolicy, ruleOf } from './access/rule.js'
import type { SourceFilter } from './access/source-filter.js'
import type { DependencyContainer } from './dispatch/container.js'
import { DEFAULT_WORKERS } from './dispatch/workers.js'
import { RESET_SECRET_BYTES } from './kept-secret.js'
import { checkMinerLimits, type MinerLimits } from './limits.js'

/** What `new Miner` takes. The signer and `access` must be given; docs/options.md has all defaults in one table. */
export interface MinerOptions {
  /** The miner's hotkey and what signs for it. */
  readonly signer: Signer
  /** Who may come in: `allowlist([...])`, another rule, `any` and `all` of them, a function, or `open()`. There is no default. */
  readonly access: AccessPolicy
  /**
   * The QUIC engine: `quinn`, the native one, `quiche`, or `auto`: quinn where it loads, else quiche. Default: the
   * environment variable `LEVIN_ENGINE`, or `auto`. For tests: one of `memoryNetwork()` of `levin/testing`.
   */
  readonly engine?: EngineChoice
  /** Default: `pinoLogger('info')`, JSON lines on standard error. */
  readonly logger?: Logger
  /** Where handlers' dependencies are registered. Default: tsyringe's global container. The miner makes a child of it. */
  readonly container?: DependencyContainer
  /** Milliseconds that a handler may take. Default 30,000, as btlightning; below the idle timeout. */
  readonly handlerTimeoutMs?: number
  /** Milliseconds that a handshake may take, from the first byte of its stream. Default 10,000, as btlightning. */
  readonly handshakeTimeoutMs?: number
  /**
   * Milliseconds that a connection may take from TLS to its first accepted handshake. Default 30,000: time for a few
   * attempts, and none to occupy a place.
   */
  readonly strangerTimeoutMs?: number
  /** Handshakes of one address in a sliding minute. Default 30, as btlightning; ten times as many where a validator is, or was within the hour. */
  readonly handshakesPerMinute?: number
  /**
   * Milliseconds for which a validator may do nothing on an open stream: neither send the request that it began nor take
   * the answer. Then it loses the stream. Default 60,000; it takes up to a quarter more.
   */
  readonly progressTimeoutMs?: number
  /** What validators and strangers may cost. docs/protections.md has each, its default and its reason. */
  readonly limits?: Partial<MinerLimits>
  /** How often everybody's right to be here is looked at again, in milliseconds, besides when the policy's data changes. Default 60,000. */
  readonly accessReviewMs?: number
  /** Whether a newcomer must show that it is where it says, by QUIC's Retry. Default true, as btlightning. */
  readonly validateAddresses?: boolean
  /** Drops datagrams of unknown senders before anything is done about them. Default: none. */
  readonly sourceFilter?: SourceFilter
  /**
   * 32 secret bytes that stay the same when the miner starts again on the same address and port, so that validators
   * notice with the next packet they send.
   * Default: derived from the signer's seed; with a signer that has none, drawn once and kept in `~/.local/state/levin`, or
   * below `XDG_STATE_HOME`.
   */
  readonly resetSecret?: Uint8Array
  /** Milliseconds for which the event loop may stand still before the log names who did it. Default 100. */
  readonly blockedMs?: number
  /**
   * Milliseconds for which the event loop may stand still before the process is ended, by a thread beside the loop, so that
   * its supervisor starts it again; 500 or more, or 0 for never. Default: the environment variable `LEVIN_HANG_MS`, which
   * `levin-supervisor` sets to 1,000, else 0. Several miners and validators of a process share the first one's.
   */
  readonly hangMs?: number
  /** Threads for handlers with the `worker` option, started when there is such a handler. Default: one less than there are cores, and at least one. */
  readonly workers?: number
  /** Milliseconds that `close` waits for running calls. Default 10,000. */
  readonly drainMs?: number
  /** Bytes of one frame's payload, in and out. Default 64 MiB; from 1 MiB to 2^32-1. */
  readonly maxFrameBytes?: number
  /** Validators that may be connected at once. Default 128, as btlightning; a connected one can always come back. */
  readonly maxValidators?: number
  /** Requests that one validator may have running at once. Default 128, as btlightning. */
  readonly maxStreams?: number
  /** Milliseconds of silence after which a connection is given up. Default 150,000, as btlightning. */
  readonly idleTimeoutMs?: number
  /** Milliseconds of silence after which the peer is asked for a sign of life. Default 30,000, as btlightning. */
  readonly keepAliveMs?: number
  /** For tests: another clock than the machine's. */
  readonly clock?: Clock
}

/** Checked, with every default filled in. */
export type MinerSettings = Required<Omit<MinerOptions, Optional | 'limits'>> &
  Pick<MinerOptions, Optional> & {
    readonly limits: MinerLimits
    /** What the author's handlers write to: `logger` has limits for what peers cause. */
    readonly callLogger: Logger
  }
type Optional = 'container' | 'sourceFilter' | 'resetSecret'

const KEYS: readonly (keyof MinerOptions)[] = [
  'signer',
  'access',
  'engine',
  'logger',
  'container',
  'handlerTimeoutMs',
  'handshakeTimeoutMs',
  'strangerTimeoutMs',
  'handshakesPerMinute',
  'progressTimeoutMs',
  'limits',
  'accessReviewMs',
  'validateAddresses',
  'sourceFilter',
  'resetSecret',
  'blockedMs',
  'hangMs',
  'workers',
  'drainMs',
  'maxFrameBytes',
  'maxValidators',
  'maxStreams',
  'idleTimeoutMs',
  'keepAliveMs',
  'clock',
]

/** @throws LevinError CONFIG naming the option and what it may be */
export function checkMinerOptions(options: MinerOptions): MinerSettings {
  checkKeys('new Miner', options, KEYS)
  const { signer, access, validateAddresses = true } = options
  if (typeof signer?.sign !== 'function') {
    throw new LevinError(
      'CONFIG',
      'new Miner: signer is missing; make one with seedSigner(seed) or callbackSigner(hotkey, sign)',
    )
  }
  decodeHotkey(signer.hotkey)
  if (access === undefined) {
    throw new LevinError(
      'CONFIG',
      'new Miner: access is missing; say who may come in: access: allowlist([hotkey, ...]), or open() for everybody',
    )
  }
  ruleOf(access)
  if (typeof validateAddresses !== 'boolean') {
    throw new LevinError(
      'CONFIG',
      `new Miner: validateAddresses is ${validateAddresses}; it is true or false`,
    )
  }
  const resetSecret = options.resetSecret ?? signer.secretFor?.('stateless reset')
  if (
    resetSecret !== undefined &&
    !(resetSecret instanceof Uint8Array && resetSecret.length === RESET_SECRET_BYTES)
  ) {
    throw new LevinError(
      'CONFIG',
      `new Miner: resetSecret is not a Uint8Array of ${RESET_SECRET_BYTES} bytes`,
    )
  }
  const clock = options.clock ?? systemClock
  const callLogger = checkLogger('new Miner', options.logger, 'info')
  const idleTimeoutMs = integer('idleTimeoutMs', options.idleTimeoutMs, 150_000, 2, 3_600_000)
  return {
    signer,
    access,
    engine: checkEngine('new Miner', options.engine),
    logger: limited(callLogger, clock),
    callLogger,
    ...(options.container && { container: options.container }),
    ...(options.sourceFilter && { sourceFilter: options.sourceFilter }),
    ...(resetSecret && { resetSecret }),
    handlerTimeoutMs: milliseconds('handlerTimeoutMs', options.handlerTimeoutMs, 30_000, idleTimeoutMs),
    handshakeTimeoutMs: milliseconds('handshakeTimeoutMs', options.handshakeTimeoutMs, 10_000, idleTimeoutMs),
    strangerTimeoutMs: milliseconds('strangerTimeoutMs', options.strangerTimeoutMs, 30_000, idleTimeoutMs),
    handshakesPerMinute: integer('handshakesPerMinute', options.handshakesPerMinute, 30, 1, 1_000_000),
    progressTimeoutMs: integer('progressTimeoutMs', options.progressTimeoutMs, 60_000, 1000, 3_600_000),
    limits: checkMinerLimits(options.limits === undefined ? {} : options.limits),
    accessReviewMs: integer('accessReviewMs', options.accessReviewMs, 60_000, 100, 86_400_000),
    validateAddresses,
    blockedMs: integer('blockedMs', options.blockedMs, 100, 10, 60_000),
    hangMs: checkHangMs('new Miner: hangMs', options.hangMs ?? hangMsOfEnvironment()),
    workers: integer('workers', options.workers, DEFAULT_WORKERS, 1, 1024),
    drainMs: integer('drainMs', options.drainMs, 10_000, 0, 3_600_000),
    maxFrameBytes: integer(
      'maxFrameBytes',
      options.maxFrameBytes,
      DEFAULT_MAX_FRAME_PAYLOAD,
      MIN_MAX_FRAME_PAYLOAD,
      MAX_MAX_FRAME_PAYLOAD,
    ),
    maxValidators: integer('maxValidators', options.maxValidators, 128, 1, 65_536),
    maxStreams: integer('maxStreams', options.maxStreams, 128, 1, 65_536),
    idleTimeoutMs,
    keepAliveMs: milliseconds('keepAliveMs', options.keepAliveMs, 30_000, idleTimeoutMs),
    clock,
  }
}

function integer(
  name: keyof MinerOptions,
  value: number | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  return checkInteger('new Miner', name, value ?? fallback, least, most)
}

/** @param below the time that it must stay below, since the connection would be gone by then */
function milliseconds(
  name: keyof MinerOptions,
  value: number | undefined,
  fallback: number,
  below: number,
): number {
  return integer(name, value, Math.min(fallback, below - 1), 1, below - 1)
}
