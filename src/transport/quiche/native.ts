/**
 * The only import of the QUIC engine: quiche 0.18 as a native module, from `@matrixai/quic`. We use its connection
 * object alone (bytes in, bytes out, no IO) and none of that package's JavaScript; another engine would replace this
 * file and `quic-config.ts`.
 *
 * The engine answers a number out of range with a Rust panic, which ends the process and cannot be caught:
 * every number that goes in is checked by `quic-config.ts` or is a constant.
 */
import quiche from '@matrixai/quic/native/quiche.js'
import { type Config, type Connection, type Host, Shutdown } from '@matrixai/quic/native/types.js'

export type NativeConnection = Connection
export type NativeConfig = Config
export type HostPort = Host

/** The engine cannot read an IPv6 address with a zone (`fe80::1%eth0`), as the socket reports those of neighbours. */
export const engineAddress = ({ host, port }: HostPort): HostPort => ({
  host: host.replace(/%.*$/, ''),
  port,
})

export const ShutdownSide = { read: Shutdown.Read, write: Shutdown.Write } as const

export const connectNative = (scid: Uint8Array, local: HostPort, remote: HostPort, config: NativeConfig) =>
  // No server name: btlightning's certificates name nobody, and an IP is not a valid SNI (RFC 6066, section 3).
  quiche.Connection.connect(null, scid, engineAddress(local), engineAddress(remote), config)

export interface Accepted {
  /** Our id of the connection; after a Retry, the one that the Retry gave. */
  readonly scid: Uint8Array
  /** After a Retry: the destination of the client's first Initial, which the client wants confirmed. */
  readonly originalDcid: Uint8Array | undefined
  /** 16 bytes that the client learns, and takes for the end of the connection when they come in a stateless reset. */
  readonly resetToken: Buffer
}

/** The engine copies the configuration for each connection, so that each gets a reset token of its own. */
export const acceptNative = (accepted: Accepted, local: HostPort, remote: HostPort, config: NativeConfig) => {
  config.setStatelessResetToken(BigInt(`0x${accepted.resetToken.toString('hex')}`))
  const { scid, originalDcid = null } = accepted
  return quiche.Connection.accept(scid, originalDcid, engineAddress(local), engineAddress(remote), config)
}

/**
 * @param scid the client's source id
 * @param dcid the client's destination id
 * @param newScid ours, which the client is to use from here on
 * @returns the length of the Retry packet written to `out`.
 */
export const writeRetry = (
  scid: Uint8Array,
  dcid: Uint8Array,
  newScid: Uint8Array,
  token: Uint8Array,
  version: number,
  out: Uint8Array,
): number => quiche.retry(scid, dcid, newScid, token, version, out)

/** @returns the length of the Version Negotiation packet written to `out`. */
export const negotiateVersion = (scid: Uint8Array, dcid: Uint8Array, out: Uint8Array): number =>
  quiche.negotiateVersion(scid, dcid, out)

export const newNativeConfig = (pem?: { key: Uint8Array; certificate: Uint8Array }): NativeConfig =>
  pem === undefined
    ? quiche.Config.withBoringSslCtx(false, false)
    : quiche.Config.withBoringSslCtx(false, false, null, [pem.key], [pem.certificate])
