/** The listening end of quinn. */
import { createPrivateKey, randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../../clock.js'
import { closeFlushed } from '../drain.js'
import type { EndpointStats } from '../endpoint-stats.js'
import type { Listener, ListenOptions } from '../engine.js'
import type { Address } from '../link.js'
import { cannotListen, checkListenAddress } from '../listen-address.js'
import { Newcomers } from '../newcomers.js'
import { checkPeerLimits } from '../peer-limits.js'
import { checkQuicOptions } from '../quic-options.js'
import type { Addon } from './addon.js'
import { Host } from './host.js'

const RESET_SECRET_BYTES = 32

export class QuinnListener implements Listener {
  readonly address: Address
  readonly #host: Host
  readonly #newcomers: Newcomers
  readonly #clock: Clock
  #closed: Promise<void> | undefined

  /** @throws LevinError CONFIG for an option out of range, or when the address cannot be bound */
  constructor(addon: Addon, options: ListenOptions) {
    checkListenAddress(options)
    const {
      host,
      port,
      certificate,
      onConnection,
      onFailure,
      validateAddress = true,
      clock = systemClock,
    } = options
    const quic = checkQuicOptions(options.quic)
    this.#clock = clock
    this.#newcomers = new Newcomers(options, clock)
    const native = {
      host,
      port,
      idleTimeoutMs: quic.idleTimeoutMs,
      keepAliveMs: quic.keepAliveMs,
      streamWindow: quic.streamWindowBytes,
      maxStreams: quic.maxPeerStreams,
      ...checkPeerLimits('peerLimits', options.peerLimits ?? {}),
      key: createPrivateKey(certificate.keyPem).export({ type: 'pkcs8', format: 'der' }),
      certificate: certificate.der,
      resetSecret: options.resetSecret ?? randomBytes(RESET_SECRET_BYTES),
      validate: validateAddress,
      filters: this.#newcomers.filters,
    }
    const events = { gate: this.#newcomers, onConnection, ...(onFailure && { onFailure }) }
    try {
      this.#host = new Host(addon, native, events)
    } catch (cause) {
      throw cannotListen({ host, port }, cause)
    }
    this.address = { host: this.#host.native.host, port: this.#host.native.port }
  }

  get connectionCount(): number {
    return this.#host.links.length + this.#newcomers.halfOpen
  }

  stats(): EndpointStats {
    const { halfOpen, filtered, halfOpenFull, tooManyFromIp } = this.#newcomers
    const counted = this.#host.native.stats()
    const [, datagramsIn = 0, datagramsOut = 0, bytesIn = 0, bytesOut = 0, pinned = 0] = counted
    const [malformed = 0, badToken = 0, retriesSent = 0, resetsSent = 0, refused = 0, overdrawn = 0] =
      counted.slice(6)
    const [crowded = 0] = counted.slice(14)
    return {
      engine: 'quinn',
      connections: this.connectionCount,
      halfOpen,
      datagramsIn,
      datagramsOut,
      bytesIn,
      bytesOut,
      dropped: { filtered, pinned, halfOpenFull, tooManyFromIp, crowded, badToken, malformed },
      overdrawn,
      retriesSent,
      resetsSent,
      refused,
    }
  }

  refuseNew(): void {
    this.#host.native.refuseNew()
  }

  close(reason: string, flushMs?: number): Promise<void> {
    this.#closed ??= this.#close(reason, flushMs)
    return this.#closed
  }

  async #close(reason: string, flushMs?: number): Promise<void> {
    this.refuseNew()
    await closeFlushed(() => this.#host.links, reason, this.#clock, flushMs)
    this.#host.close()
  }
}
