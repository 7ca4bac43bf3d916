import type { Clock } from '../clock.js'
import type { Link } from '../transport/link.js'
import { putLast } from '../transport/source-rate.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { Departures } from './departures.js'
import type { Session } from './session.js'

/** Rooms for those who were here within the hour, though the miner is full, in parts of `maxValidators`. */
const RETURN_SHARE = 1 / 8
const MAX_REMEMBERED = 4096
/** How long the answers that are under way on a replaced connection have. */
const REPLACED_DRAIN_MS = 2000
/**
 * How often one hotkey is given that time: two programs with one hotkey replace each other as fast as they can, and
 * would have any number of connections draining. Sooner than that, the earlier one is closed at once.
 */
const DRAIN_EVERY_MS = 1000

export interface Peer {
  readonly hotkey: string
  readonly link: Link
  readonly session: Session
}

/** The validators that are connected, one connection each. */
export class Peers {
  readonly #max: number
  readonly #clock: Clock
  readonly #peers = new Map<string, Peer>()
  readonly #departures: Departures
  /** When a connection of each was last given time to drain. */
  readonly #drainedAt = new Map<string, number>()

  constructor(maxValidators: number, clock: Clock) {
    this.#max = maxValidators
    this.#clock = clock
    this.#departures = new Departures(clock, MAX_REMEMBERED)
  }

  get size(): number {
    return this.#peers.size
  }

  [Symbol.iterator](): Iterator<Peer> {
    return [...this.#peers.values()].values()
  }

  /** Whether this hotkey is here, or was within the last hour. */
  isKnown(hotkey: string): boolean {
    return this.#peers.has(hotkey) || this.#departures.has(hotkey)
  }

  /** Whether there is a place for `hotkey`: one that is here may replace itself. */
  hasRoom(hotkey: string): boolean {
    const rooms = this.#departures.has(hotkey) ? this.#max + Math.ceil(this.#max * RETURN_SHARE) : this.#max
    return this.#peers.has(hotkey) || this.#peers.size < rooms
  }

  /** PROTOCOL: the same hotkey on a new connection closes the earlier one; what that one was answering is finished first. */
  enter(peer: Peer): void {
    const { hotkey } = peer
    const earlier = this.#peers.get(hotkey)
    this.#peers.set(hotkey, peer)
    this.#departures.isBack(hotkey)
    if (earlier === undefined || earlier.link === peer.link) return
    const now = this.#clock.monotonicMs()
    const drainedAt = this.#drainedAt.get(hotkey)
    if (drainedAt !== undefined && now - drainedAt < DRAIN_EVERY_MS) {
      earlier.link.close(CLOSE_CODE, CloseReason.replaced)
    } else {
      putLast(this.#drainedAt, hotkey, now, MAX_REMEMBERED)
      drain(earlier, this.#clock)
    }
  }

  leave({ hotkey, link }: Peer): void {
    if (this.#peers.get(hotkey)?.link !== link) return
    this.#peers.delete(hotkey)
    this.#departures.left(hotkey)
  }
}

function drain({ link, session }: Peer, clock: Clock): void {
  session.apply('replaced')
  const close = (): void => {
    cancelTimer()
    link.close(CLOSE_CODE, CloseReason.replaced)
  }
  const cancelTimer = clock.after(REPLACED_DRAIN_MS, close)
  session.whenIdle(() => void link.flushed().then(close))
}
