import type { Signer } from '../auth/signer.js'
import { decodeHotkey } from '../auth/ss58.js'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import { consoleLogger, type Logger } from '../logger.js'
import { DEFAULT_MAX_FRAME_PAYLOAD, MAX_MAX_FRAME_PAYLOAD, MIN_MAX_FRAME_PAYLOAD } from '../wire/frame.js'
import type { DependencyContainer } from './dispatch/container.js'
import type { AccessPolicy } from './policy/access.js'

export interface MinerOptions {
  /** The miner's hotkey and what signs for it. */
  readonly signer: Signer
  /** Who may come in: `allowlist([...])`, a function, or `open()` for everybody. There is no default. */
  readonly access: AccessPolicy
  /** Default: `consoleLogger('info')`, lines on standard error. */
  readonly logger?: Logger
  /** Where handlers' dependencies are registered. Default: tsyringe's global container. The miner makes a child of it. */
  readonly container?: DependencyContainer
  /** Milliseconds that a handler may take. Default 30,000, as btlightning; below the idle timeout. */
  readonly handlerTimeoutMs?: number
  /** Milliseconds that a handshake may take, from the first byte of its stream. Default 10,000, as btlightning. */
  readonly handshakeTimeoutMs?: number
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
export type MinerSettings = Required<Omit<MinerOptions, 'container'>> & Pick<MinerOptions, 'container'>

const KEYS: ReadonlySet<string> = new Set<keyof MinerOptions>([
  'signer',
  'access',
  'logger',
  'container',
  'handlerTimeoutMs',
  'handshakeTimeoutMs',
  'drainMs',
  'maxFrameBytes',
  'maxValidators',
  'maxStreams',
  'idleTimeoutMs',
  'keepAliveMs',
  'clock',
])

/** @throws LevinError CONFIG naming the option and what it may be */
export function checkMinerOptions(options: MinerOptions): MinerSettings {
  for (const key of Object.keys(options)) {
    if (!KEYS.has(key))
      throw new LevinError(
        'CONFIG',
        `new Miner: there is no option '${key}'; there are ${[...KEYS].join(', ')}`,
      )
  }
  const { signer, access } = options
  if (typeof signer?.sign !== 'function') {
    throw new LevinError(
      'CONFIG',
      'new Miner: signer is missing; make one with seedSigner(seed) or callbackSigner(hotkey, sign)',
    )
  }
  decodeHotkey(signer.hotkey)
  if (typeof access !== 'function') {
    throw new LevinError(
      'CONFIG',
      'new Miner: access is missing; say who may come in: access: allowlist([hotkey, ...]), or open() for everybody',
    )
  }
  const idleTimeoutMs = integer('idleTimeoutMs', options.idleTimeoutMs, 150_000, 2, 3_600_000)
  return {
    signer,
    access,
    logger: options.logger ?? consoleLogger('info'),
    ...(options.container && { container: options.container }),
    handlerTimeoutMs: milliseconds('handlerTimeoutMs', options.handlerTimeoutMs, 30_000, idleTimeoutMs),
    handshakeTimeoutMs: milliseconds('handshakeTimeoutMs', options.handshakeTimeoutMs, 10_000, idleTimeoutMs),
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
    clock: options.clock ?? systemClock,
  }
}

function integer(
  name: keyof MinerOptions,
  value: number | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  const chosen = value ?? fallback
  if (Number.isInteger(chosen) && chosen >= least && chosen <= most) return chosen
  throw new LevinError('CONFIG', `new Miner: ${name} is ${chosen}; it is an integer from ${least} to ${most}`)
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
