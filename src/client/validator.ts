import { startEngine } from '../engine.js'
import { LevinError } from '../errors.js'
import type { Dialler } from '../transport/engine.js'
import type { CloseInfo, Link } from '../transport/link.js'
import { defaultQuicOptions } from '../transport/quic-options.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { type Axon, checkAxon } from './axon.js'
import { authenticate } from './handshake.js'
import { MinerConnection } from './miner-connection.js'
import {
  checkTimeout,
  checkValidatorOptions,
  type ValidatorOptions,
  type ValidatorSettings,
} from './options.js'

export interface ConnectOptions {
  /** Milliseconds for connecting and the handshake together. Default: the validator's `connectTimeoutMs`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * Asks miners over QUIC.
 *
 * @example
 * const validator = new Validator({ signer: seedSigner(seed) })
 * const miner = await validator.connect({ hotkey, host: '192.0.2.7', port: 8091 })
 * const { data, latencyMs } = await miner.query(Forecast, { city: 'Oslo', days: 3 })
 */
export class Validator {
  readonly #settings: ValidatorSettings
  /** Made by the first `connect`, which loads the engine. */
  #dialler: Promise<Dialler> | undefined
  readonly #links = new Set<Link>()
  readonly #attempts = new Set<Attempt>()
  #closed = false

  /** @throws LevinError CONFIG for an option that is missing, unknown or out of range */
  constructor(options: ValidatorOptions) {
    this.#settings = checkValidatorOptions(options)
  }

  /** SS58. */
  get hotkey(): string {
    return this.#settings.signer.hotkey
  }

  /**
   * Connects to a miner and proves, both ways, who is who.
   *
   * A hotkey has one connection to a miner: a second `connect` to the same miner, from this process or from any other
   * with the same hotkey, replaces the first, whose calls then fail with CONNECTION_LOST (`replaced`). Keep the
   * connection and ask on it as often and as much at once as you like.
   * @throws LevinError CANNOT_CONNECT, HANDSHAKE_REFUSED, WRONG_PEER, PROTOCOL, TIMED_OUT, ABORTED, CONNECTION_LOST; CONFIG
   */
  async connect(axon: Axon, options: ConnectOptions = {}): Promise<MinerConnection> {
    checkAxon(axon)
    const { signal } = options
    const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? this.#settings.connectTimeoutMs)
    if (this.#closed) throw new LevinError('CONFIG', 'connect() came after close(): make a new Validator')
    this.#dialler ??= this.#makeDialler()
    const attempt = new Attempt(axon, this.#settings, this.#dialler)
    const cancelTimer = this.#settings.clock.after(timeoutMs, () => {
      attempt.giveUp(
        new LevinError(
          'TIMED_OUT',
          `${attempt.phase} ${axon.host} port ${axon.port} took over ${timeoutMs} ms`,
        ),
      )
    })
    this.#attempts.add(attempt)
    const onAbort = () =>
      attempt.giveUp(new LevinError('ABORTED', 'the caller aborted', { cause: signal?.reason }))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    try {
      const link = await attempt.result
      this.#links.add(link)
      return new MinerConnection(axon, link, this.#settings, () => this.#links.delete(link))
    } finally {
      cancelTimer()
      this.#attempts.delete(attempt)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async #makeDialler(): Promise<Dialler> {
    const { clock, engine: choice, idleTimeoutMs, keepAliveMs, logger } = this.#settings
    const engine = await startEngine(choice, logger)
    return engine.dialler({ ...defaultQuicOptions, idleTimeoutMs, keepAliveMs, maxPeerStreams: 0 }, clock)
  }

  /** Closes every connection: calls that run fail with CONNECTION_LOST, and `connect` with ABORTED. Idempotent. */
  close(): void {
    this.#closed = true
    for (const attempt of this.#attempts)
      attempt.giveUp(new LevinError('ABORTED', 'the validator was closed'))
    for (const link of this.#links) link.close(CLOSE_CODE, CloseReason.clientShutdown)
    this.#dialler?.then(
      (dialler) => dialler.close(),
      () => {}, // `connect` said what was wrong
    )
  }
}

/** One try to reach a miner: dialling, TLS, handshake. What ends it first wins. */
class Attempt {
  readonly result: Promise<Link>
  phase: 'connecting to' | 'the handshake with' = 'connecting to'
  #link: Link | undefined
  #reject!: (error: LevinError) => void
  #over = false

  constructor(axon: Axon, settings: ValidatorSettings, dialler: Promise<Dialler>) {
    this.result = new Promise((resolve, reject) => {
      this.#reject = reject
      const succeed = (link: Link) => {
        this.#over = true
        resolve(link)
      }
      this.#run(axon, settings, dialler).then(succeed, (error) =>
        this.giveUp(LevinError.from(error, 'CANNOT_CONNECT')),
      )
    })
  }

  async #run(axon: Axon, settings: ValidatorSettings, dialler: Promise<Dialler>): Promise<Link> {
    const link = await this.#established(axon, await dialler)
    this.phase = 'the handshake with'
    await authenticate(link, axon.hotkey, settings)
    return link
  }

  #established({ host, port }: Axon, dialler: Dialler): Promise<Link> {
    return new Promise((resolve, reject) => {
      const events = {
        onEstablished: () => resolve(this.#link!),
        onClosed: (info: CloseInfo) => reject(cannotConnect(`${host} port ${port}`, info)),
      }
      dialler.dial({ host, port }, events).then((link) => {
        this.#link = link
        if (this.#over) link.close(CLOSE_CODE, CloseReason.clientShutdown)
      }, reject)
    })
  }

  /** A link on which no miner proved itself is closed, as btlightning does. */
  giveUp(error: LevinError): void {
    if (this.#over) return
    this.#over = true
    this.#link?.close(CLOSE_CODE, CloseReason.noAuthenticatedHotkeys)
    this.#reject(error)
  }
}

function cannotConnect(where: string, { reason, code, by }: CloseInfo): LevinError {
  const why = reason === '' ? `QUIC error ${code} (${by})` : reason
  return new LevinError('CANNOT_CONNECT', `cannot connect to ${where}: ${why}`)
}
