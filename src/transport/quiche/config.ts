/** Everything that the QUIC engine is told, with the reason beside each number. */
import type { Certificate } from '../certificate.js'
import { checkQuicOptions, MAX_STREAM_WINDOW, type QuicOptions } from '../quic-options.js'
import { type NativeConfig, newNativeConfig } from './native.js'

/** PROTOCOL: both sides of btlightning offer this and nothing else. */
const ALPN = 'btlightning'

/** Bytes of a connection id that we choose. As btlightning's engine: enough that nobody guesses one. */
export const CONNECTION_ID_BYTES = 8

/**
 * The largest packet we send, UDP payload in bytes. There is no path MTU discovery in this engine, and 1,350 passes
 * every tunnel in common use.
 */
export const MAX_PACKET_BYTES = 1350
/** The largest packet we take: one Ethernet frame, so that a peer which does discover the MTU may use it. */
const MAX_RECEIVED_PACKET_BYTES = 1500

/**
 * Connection credit is practically unlimited (2^40 bytes) and never has to be renewed: this engine does not repeat a
 * lost MAX_DATA, and leaks connection credit when a stream is reset. What bounds memory is the window of each stream.
 */
const CONNECTION_CREDIT = 2 ** 40

/** The engine's configuration for a listening endpoint (with a certificate) or for dialling (without). */
export function createConfig(options: QuicOptions, certificate?: Certificate): NativeConfig {
  checkQuicOptions(options)
  const config = newNativeConfig(
    certificate && {
      key: Buffer.from(certificate.keyPem),
      certificate: Buffer.from(certificate.certificatePem),
    },
  )
  config.verifyPeer(false) // PROTOCOL: any certificate will do; that the peer holds its key, TLS proves all the same
  config.grease(false)
  config.setApplicationProtos([ALPN])
  config.setMaxIdleTimeout(options.idleTimeoutMs)
  config.setMaxRecvUdpPayloadSize(MAX_RECEIVED_PACKET_BYTES)
  config.setMaxSendUdpPayloadSize(MAX_PACKET_BYTES)
  config.setInitialMaxData(CONNECTION_CREDIT)
  config.setMaxConnectionWindow(CONNECTION_CREDIT)
  config.setInitialMaxStreamDataBidiLocal(options.streamWindowBytes)
  config.setInitialMaxStreamDataBidiRemote(options.streamWindowBytes)
  config.setInitialMaxStreamDataUni(0)
  config.setMaxStreamWindow(MAX_STREAM_WINDOW)
  config.setInitialMaxStreamsBidi(options.maxPeerStreams)
  config.setInitialMaxStreamsUni(0) // PROTOCOL: none
  config.setDisableActiveMigration(true) // a connection is pinned to its address, see endpoint.ts
  config.setCcAlgorithmName('cubic')
  config.enableHystart(true)
  config.enablePacing(false) // we send when the loop turns; the packet quantum in turn.ts is what paces a burst
  return config
}
