/**
 * What an engine is: types only. `quinn/` and `quiche/` are two of QUIC, `testing/memory/` is one without a network;
 * server and client know none of them, and are given one by `load-engine.ts`.
 */
import type { Clock } from '../clock.js'
import type { LevinError } from '../errors.js'
import type { Certificate } from './certificate.js'
import type { EndpointStats } from './endpoint-stats.js'
import type { HalfOpenLimits } from './half-open.js'
import type { Address, Link, LinkEvents } from './link.js'
import type { PeerLimits } from './peer-limits.js'
import type { QuicOptions } from './quic-options.js'

/** The QUIC engines that there are: quinn is native and the faster one, quiche is the one that npm brings. */
export type EngineName = 'quinn' | 'quiche'

export interface Engine {
  readonly name: EngineName | 'memory'
  /**
   * Binds a UDP port, and takes connections from then on.
   * @throws LevinError CONFIG for an option out of range, or when the address cannot be bound
   */
  listen(options: ListenOptions): Promise<Listener>
  /** sr25519 by the engine's own library, where it has one: faster than WebAssembly. */
  readonly sr25519?: NativeSr25519
  /** @throws LevinError CONFIG for an option out of range */
  dialler(options: QuicOptions, clock?: Clock): Dialler
}

/** In the signing context `substrate`. */
export interface NativeSr25519 {
  /**
   * @param keypair 96 bytes: Substrate's secret key and the public key
   * @returns 64 bytes, or null when `keypair` is none
   */
  sr25519Sign(keypair: Uint8Array, message: Uint8Array): Uint8Array | null
  /** False for garbage of any kind. */
  sr25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

export interface ListenOptions {
  /** An IP address of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string
  /** UDP port, 0 for any that is free. */
  readonly port: number
  readonly certificate: Certificate
  readonly quic: QuicOptions
  /** A connection whose TLS is done. Its `events` must be set before this returns. */
  readonly onConnection: (link: Link) => void
  /** The engine broke: every link was told, and the port is free. Only an engine that outlives its own defects calls it. */
  readonly onFailure?: (error: LevinError) => void
  /**
   * Whether a client must first show, with a Retry, that it receives at its address. Default true. It costs a new
   * connection one round trip; without it, strangers with forged addresses cost memory and CPU.
   */
  readonly validateAddress?: boolean
  /**
   * Whether anything is taken from this IP address; asked for each datagram that is of no connection. Must not throw.
   * Default: from everybody.
   */
  readonly admitsSource?: (host: string) => boolean
  /** Whether somebody proved himself from this IP address lately, which raises its limits. Must not throw. Default: nobody. */
  readonly isKnownSource?: (host: string) => boolean
  readonly halfOpenLimits?: Partial<HalfOpenLimits>
  readonly peerLimits?: Partial<PeerLimits>
  /**
   * 32 bytes, the same at each start, by which clients of this address and port learn at once that it was restarted.
   * Default: random, so that they learn it by their idle timeout.
   */
  readonly resetSecret?: Uint8Array
  readonly clock?: Clock
}

/** The listening end: one UDP socket, many connections, each pinned to the address that it came from. */
export interface Listener {
  readonly address: Address
  readonly connectionCount: number
  /** What was counted since `listen`, and what there is now. */
  stats(): EndpointStats
  /** Takes no new connection from here on; those that are there go on. */
  refuseNew(): void
  /**
   * Lets what was written arrive, closes every connection with `reason`, and frees the port. Idempotent.
   * @param flushMs milliseconds that it waits at most for what was written to be acknowledged; 2,000 when that is more
   */
  close(reason: string, flushMs?: number): Promise<void>
}

/** The dialling end. */
export interface Dialler {
  /**
   * Starts a connection to an IP address. `events.onEstablished` or `events.onClosed` tells how it went, of which
   * neither is called before the promise has resolved; how long to wait is the caller's decision.
   * @throws Error when there is no way to that address
   */
  dial(remote: Address, events: LinkEvents): Promise<Link>
  /** Lets go of sockets. Links that are open are closed before, by who opened them. */
  close(): void
}
