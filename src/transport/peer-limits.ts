/** What the engine lets one peer cost, whatever engine it is: numbers with their reasons. */
import { integer } from '../options.js'

const KIB = 1024
const MIB = 1024 * KIB

export interface PeerLimits {
  /** Bytes in datagrams that a newcomer may send until TLS is done. Default 24 KiB: an honest one takes 4 KiB. From 4 KiB. */
  readonly halfOpenBytes: number
  /** Milliseconds that it has for that. Default 10,000: a few round trips, with packets lost. */
  readonly halfOpenMs: number
  /**
   * Bytes in datagrams that a peer may send after that until it is trusted. Default 96 KiB: Levin's handshake takes
   * 5 KiB. From 8 KiB.
   */
  readonly strangerBytes: number
  /**
   * Bytes that a peer may send which carry nothing. What it sends counts against it; what reaches the application counts
   * for it and a quarter of that besides, 256 bytes for each stream that it finished, a quarter of what we send, and 32
   * bytes for each datagram of ours. So one that uploads, asks or reads never comes to the end, whatever its network
   * loses. Default 32 MiB: twice what may be under way to us and is not delivered yet. From 1 MiB, below 4 GiB.
   */
  readonly overheadBytes: number
  /** Datagrams that one connection may send before others have their turn. Default 128: 0.2 MB, a tenth of a millisecond. */
  readonly packetsPerTurn: number
}

export const defaultPeerLimits: PeerLimits = {
  halfOpenBytes: 24 * KIB,
  halfOpenMs: 10_000,
  strangerBytes: 96 * KIB,
  overheadBytes: 32 * MIB,
  packetsPerTurn: 128,
}

/** As many as are sent in a turn in all. */
const MOST_PACKETS = 1024

/** @throws LevinError CONFIG for a number that an engine must never see */
export function checkPeerLimits(where: string, given: Partial<PeerLimits>): PeerLimits {
  const number = (name: keyof PeerLimits, least: number, most: number) =>
    integer(where, name, given[name] ?? defaultPeerLimits[name], least, most)
  return {
    halfOpenBytes: number('halfOpenBytes', 4 * KIB, MIB),
    halfOpenMs: number('halfOpenMs', 100, 600_000),
    strangerBytes: number('strangerBytes', 8 * KIB, 64 * MIB),
    overheadBytes: number('overheadBytes', MIB, 2 ** 32 - 1),
    packetsPerTurn: number('packetsPerTurn', 1, MOST_PACKETS),
  }
}
