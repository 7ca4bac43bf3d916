/**
 * The seam between the protocol and the network: types only. Server and client know a connection as a `Link` and an
 * exchange as a `LinkStream`, and nothing of QUIC's engine. The engines in `transport/` implement it over UDP,
 * `testing/memory/` in memory.
 *
 * Everything happens on one thread and calls back synchronously from the turn in which the bytes came, so that a
 * request that arrived, its handler and its answer can share one loop turn and one packet.
 */

/** An IP address and a UDP port. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** How a link ended, as far as this end knows. */
export interface CloseInfo {
  /**
   * `local`: we closed it. `peer`: the other end did. `idle`: nothing was heard for the idle timeout.
   * `failed`: it could not be made, or broke: the port is closed, TLS failed, a peer violated QUIC.
   */
  readonly by: 'local' | 'peer' | 'idle' | 'failed'
  /** The application's code when `application`, else QUIC's own (RFC 9000, section 20). */
  readonly code: number
  /** UTF-8 text of the close frame, or our own words when there was none. */
  readonly reason: string
  /** Whether an application closed it (as btlightning does, code 0 and a word) rather than the engine. */
  readonly application: boolean
}

/** What a link tells its owner. Set once, before the first turn. */
export interface LinkEvents {
  /** TLS is done: streams can be opened. Called once, before any stream. */
  onEstablished?(): void
  /** The peer opened a bidirectional stream. Its owner must set `stream.events` before returning. */
  onStream?(stream: LinkStream): void
  /** A stream slot is free again, after `openStream` returned undefined. */
  onStreamSlot?(): void
  /**
   * Of a link that we dialled: nothing came for half a second and two round trips, though the peer had something to
   * acknowledge. It, or the way to it, may be gone, or it is busy. Called with false when it is heard again.
   */
  onSilence?(isSilent: boolean): void
  /** The last call: nothing comes after it. Every stream has had its own `onReset` before. */
  onClosed?(info: CloseInfo): void
}

export interface Link {
  readonly remote: Address
  /** DER bytes of the certificate that the peer proved to hold the key of; undefined on a server, and before `onEstablished`. */
  readonly peerCertificate: Uint8Array | undefined
  readonly closed: CloseInfo | undefined
  /** Bytes that were written on all its streams and wait for room, on their way to the peer. */
  readonly waiting: number
  events: LinkEvents
  /** Streams that are not over, in the order in which they were opened. */
  streams(): readonly LinkStream[]
  /** A new bidirectional stream, or undefined while the peer allows no more: wait for `onStreamSlot`. */
  openStream(events: StreamEvents): LinkStream | undefined
  /**
   * The peer of a link that it opened has proved who it is. Until then it is a stranger: it may send 96 KiB in datagrams,
   * after which it is cut off, and is not kept alive in silence. Links that we dialled are trusted. Idempotent.
   */
  trust(): void
  /** Asks the peer for a sign of life: who is silent, and is heard within a round trip, is told by `onSilence(false)`. */
  ping(): void
  /** Resolves when the peer has everything that was written on finished streams, or the link is closed. */
  flushed(): Promise<void>
  /** Sends a CONNECTION_CLOSE of the application and ends every stream: what is not flushed is lost. Idempotent. */
  close(code: number, reason: string): void
}

/** What a stream tells its owner. */
export interface StreamEvents {
  /**
   * Bytes in order, which are there only during the call: the receiver copies what it keeps. To stop more from coming, it
   * calls `stream.pause()`, and QUIC's flow control then stops the peer.
   */
  onBytes(bytes: Uint8Array): void
  /** The peer finished its side. */
  onEnd(): void
  /** All that was written has been taken by the transport, after `write` returned false. */
  onDrain?(): void
  /** The peer wants no more of what we write; it may still be sending. Writes are ignored from here on. */
  onStopped?(): void
  /** The stream is dead in both directions: the peer reset it, or the link closed. */
  onReset(reason: string): void
}

export interface LinkStream {
  /** QUIC's stream id: unique on its link. */
  readonly id: number
  /** Bytes that were written and wait for room, on their way to the peer. */
  readonly waiting: number
  events: StreamEvents
  /**
   * Writes `bytes`. They must not change while the transport keeps them, which it does only after it returned false.
   * @returns false when they did not all fit: write no more until `onDrain`, which never comes when nobody reads any more.
   */
  write(bytes: Uint8Array): boolean
  /** Writes `bytes` and finishes our side. @returns false as `write` does. */
  end(bytes?: Uint8Array): boolean
  /** Gives the stream up in both directions, telling the peer; no event follows. Idempotent. */
  reset(): void
  pause(): void
  resume(): void
}
