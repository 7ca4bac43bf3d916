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

export const ShutdownSide = { read: Shutdown.Read, write: Shutdown.Write } as const

export const connectNative = (scid: Uint8Array, local: HostPort, remote: HostPort, config: NativeConfig) =>
  // No server name: btlightning's certificates name nobody, and an IP is not a valid SNI (RFC 6066, section 3).
  quiche.Connection.connect(null, scid, local, remote, config)

export const acceptNative = (scid: Uint8Array, local: HostPort, remote: HostPort, config: NativeConfig) =>
  quiche.Connection.accept(scid, null, local, remote, config)

/** @returns the length of the Version Negotiation packet written to `out`. */
export const negotiateVersion = (scid: Uint8Array, dcid: Uint8Array, out: Uint8Array): number =>
  quiche.negotiateVersion(scid, dcid, out)

export const newNativeConfig = (pem?: { key: Uint8Array; certificate: Uint8Array }): NativeConfig =>
  pem === undefined
    ? quiche.Config.withBoringSslCtx(false, false)
    : quiche.Config.withBoringSslCtx(false, false, null, [pem.key], [pem.certificate])
