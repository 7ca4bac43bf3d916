/** What validators and strangers may cost a miner: the numbers, with their reasons. */
import { totalmem } from 'node:os'
import { checkKeys, integer } from '../options.js'
import { defaultHalfOpenLimits } from '../transport/half-open.js'
import { checkPeerLimits, defaultPeerLimits, type PeerLimits } from '../transport/peer-limits.js'

const MIB = 1024 * 1024

export interface MinerLimits extends PeerLimits {
  /** Connections whose TLS is not done; an eighth more for addresses of validators. Default 320: more than a subnet has hotkeys, and at 39 KiB each 12 MiB at most. */
  readonly halfOpen: number
  /** Of these, of one address. Default 8: a handshake takes a round trip, and who is turned away tries again in a second. */
  readonly halfOpenPerAddress: number
  /** New connections of one address in a minute. Default 30: a validator needs one; each costs 1 ms of CPU. */
  readonly newPerMinute: number
  /** Connections that nobody has proved himself on; the oldest makes room. Default 512: an honest one is done long before so many others came. */
  readonly strangers: number
  /** Streams that a stranger may open. Default 8: a handshake takes one. */
  readonly strangerStreams: number
  /**
   * Bytes of answers that wait for one validator to take them. Above it nothing more is written to it, and no request of
   * its begun, until it takes some. Default 64 MiB: one answer of the largest size. From 1 MiB.
   */
  readonly queuedBytes: number
  /**
   * Bytes of memory that the process may have. Of what that leaves beyond what it had at `listen`, 80 % in use refuse
   * requests while others run, and 90 % close the connection that the most is kept for.
   * Default: the limit of the container, else the machine's memory. From 64 MiB.
   */
  readonly memoryBytes: number
}

/** As many connections as there may be at all. */
const MOST = 65_536

function memoryOfTheProcess(): number {
  const total = totalmem()
  // Without a limit it is 0, or more than there is.
  const limit = process.constrainedMemory()
  return Math.max(64 * MIB, limit > 0 && limit < total ? limit : total)
}

const defaults = (): MinerLimits => ({
  ...defaultPeerLimits,
  halfOpen: defaultHalfOpenLimits.total,
  halfOpenPerAddress: defaultHalfOpenLimits.perSource,
  newPerMinute: defaultHalfOpenLimits.newPerMinute,
  strangers: 512,
  strangerStreams: 8,
  queuedBytes: 64 * MIB,
  memoryBytes: memoryOfTheProcess(),
})

/** @throws LevinError CONFIG naming the limit and what it may be */
export function checkMinerLimits(given: Partial<MinerLimits>): MinerLimits {
  const where = 'new Miner: limits'
  const fallback = defaults()
  checkKeys(where, given, Object.keys(fallback))
  const number = (name: keyof MinerLimits, least: number, most: number) =>
    integer(where, name, given[name] ?? fallback[name], least, most)
  return {
    ...checkPeerLimits(where, given),
    halfOpen: number('halfOpen', 1, MOST),
    halfOpenPerAddress: number('halfOpenPerAddress', 1, MOST),
    newPerMinute: number('newPerMinute', 1, MOST),
    strangers: number('strangers', 1, MOST),
    strangerStreams: number('strangerStreams', 1, MOST),
    queuedBytes: number('queuedBytes', MIB, Number.MAX_SAFE_INTEGER),
    memoryBytes: number('memoryBytes', 64 * MIB, Number.MAX_SAFE_INTEGER),
  }
}
