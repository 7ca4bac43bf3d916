/** The dialling end of quinn: one socket for all connections over IPv4, and one for those over IPv6. */
import { isIPv6 } from 'node:net'
import { LevinError } from '../../errors.js'
import type { Dialler } from '../engine.js'
import type { Address, Link, LinkEvents } from '../link.js'
import { defaultPeerLimits } from '../peer-limits.js'
import { checkQuicOptions, type QuicOptions } from '../quic-options.js'
import type { Addon } from './addon.js'
import { Host } from './host.js'

export class QuinnDialler implements Dialler {
  readonly #addon: Addon
  readonly #options: QuicOptions
  readonly #hosts = new Map<'0.0.0.0' | '::', Host>()

  /** @throws LevinError CONFIG for a number out of range */
  constructor(addon: Addon, options: QuicOptions) {
    this.#addon = addon
    this.#options = checkQuicOptions(options)
  }

  dial(remote: Address, events: LinkEvents): Promise<Link> {
    try {
      const link = this.#host(isIPv6(remote.host.replace(/%.*$/, '')) ? '::' : '0.0.0.0').dial(remote)
      link.events = events
      return Promise.resolve(link)
    } catch (error) {
      return Promise.reject(LevinError.from(error, 'CANNOT_CONNECT'))
    }
  }

  /** Made when it is first needed, and anew when the engine has broken. */
  #host(local: '0.0.0.0' | '::'): Host {
    const there = this.#hosts.get(local)
    if (there !== undefined && !there.hasFailed) return there
    const { idleTimeoutMs, keepAliveMs, maxPeerStreams, streamWindowBytes } = this.#options
    const options = {
      host: local,
      port: 0,
      idleTimeoutMs,
      keepAliveMs,
      streamWindow: streamWindowBytes,
      maxStreams: maxPeerStreams,
      ...defaultPeerLimits,
      validate: false,
      filters: false,
    }
    const host = new Host(this.#addon, options, {})
    this.#hosts.set(local, host)
    return host
  }

  close(): void {
    for (const host of this.#hosts.values()) host.close()
    this.#hosts.clear()
  }
}
