/** Connections whose TLS is not done: how many there may be, and how fast one source may start them (THREATS M6). */
import type { Clock } from '../clock.js'
import { LevinError } from '../errors.js'
import { sourceKey } from './source-key.js'
import { SourceRate } from './source-rate.js'

/** A source is an IPv4 address or an IPv6 /64. One is known when somebody proved himself from there. */
export interface HalfOpenLimits {
  /** In all, and an eighth more for known sources. Default 320: more than a subnet has hotkeys, and at 39 KiB each 12 MiB at most. */
  readonly total: number
  /** Of one source. Default 8: a handshake takes a round trip, and who is turned away tries again in a second. */
  readonly perSource: number
  /** Of a known source. Default 64: validators that share an address all come back at once when a miner restarts. */
  readonly perKnownSource: number
  /** New connections of one source in a minute. Default 30: a validator needs one; each costs 1 ms of CPU. */
  readonly newPerMinute: number
  /** New connections of a known source in a minute. Default 600. */
  readonly newPerMinuteKnown: number
}

export const defaultHalfOpenLimits: HalfOpenLimits = {
  total: 320,
  perSource: 8,
  perKnownSource: 64,
  newPerMinute: 30,
  newPerMinuteKnown: 600,
}

/** More connections than one loop could do TLS with in a minute: as good as no limit. */
const MOST = 65_536
/** Places beyond `total` for known sources, as a part of it: strangers who fill the pool do not keep validators out. */
const KNOWN_SHARE = 1 / 8

export class HalfOpenPool {
  readonly #limits: HalfOpenLimits
  readonly #isKnownSource: (host: string) => boolean
  readonly #rate: SourceRate
  /** How many each source has, of those that have any. */
  readonly #held = new Map<string, number>()
  #size = 0

  /** @throws LevinError CONFIG for a limit that is unknown, or no integer from 1 to 65,536 */
  constructor(limits: Partial<HalfOpenLimits>, isKnownSource: (host: string) => boolean, clock: Clock) {
    this.#limits = check({ ...defaultHalfOpenLimits, ...limits })
    this.#isKnownSource = isKnownSource
    this.#rate = new SourceRate(clock)
  }

  get size(): number {
    return this.#size
  }

  /** Whether there is a place at all; `enter` says whether this source may have it. */
  hasRoom(host: string): boolean {
    const { total } = this.#limits
    return this.#size < total || (this.#size < total * (1 + KNOWN_SHARE) && this.#isKnownSource(host))
  }

  /** Takes a place, until `leave`. @returns false, and counts nothing, when this source has too many */
  enter(host: string): boolean {
    const source = sourceKey(host)
    const { perSource, perKnownSource, newPerMinute, newPerMinuteKnown } = this.#limits
    const isKnown = this.#isKnownSource(host)
    const held = this.#held.get(source) ?? 0
    if (held >= (isKnown ? perKnownSource : perSource)) return false

    if (!this.#rate.attempt(host, isKnown ? newPerMinuteKnown : newPerMinute).allowed) return false
    this.#held.set(source, held + 1)
    this.#size++
    return true
  }

  /** A connection of this source is done with TLS, or gone. */
  leave(host: string): void {
    const source = sourceKey(host)
    const held = this.#held.get(source)!
    if (held === 1) this.#held.delete(source)
    else this.#held.set(source, held - 1)
    this.#size--
  }
}

function check(limits: HalfOpenLimits): HalfOpenLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in defaultHalfOpenLimits)) {
      const known = Object.keys(defaultHalfOpenLimits).join(', ')
      throw new LevinError('CONFIG', `halfOpenLimits: there is no limit '${name}'; there are ${known}`)
    }
    if (!Number.isInteger(value) || value < 1 || value > MOST) {
      throw new LevinError('CONFIG', `halfOpenLimits.${name} is ${value}; it is an integer from 1 to ${MOST}`)
    }
  }
  return limits
}
