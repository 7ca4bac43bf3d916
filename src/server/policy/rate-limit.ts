import { type Clock, systemClock } from '../../clock.js'
import type { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import { checkKeys } from '../../options.js'
import { TokenBucket } from '../token-bucket.js'
import type { Next, NothingAdded } from './middleware.js'
import { checkFunction, type Plugin } from './plugin.js'
import { refuse } from './refuse.js'

/** A validator asks a miner a few times a second at most, and may ask about several things at once. */
const DEFAULT_PER_SECOND = 20
const DEFAULT_BURST = 40
const MAX_RATE = 1_000_000
/** Far more than a subnet has hotkeys. Beyond, the one that asked least lately is forgotten: some 2 MB in all. */
const MAX_KEYS = 10_000

export interface RateLimitOptions<C extends Call = Call> {
  /** Calls a second on average, above 0 and at most 1,000,000; may be a fraction. Default 20. */
  readonly perSecond?: number
  /** Calls at once, after a time of rest; from 1 to 1,000,000. Default 40. */
  readonly burst?: number
  /** Who shares a limit: calls with the same text. Keep it short, it is remembered. Default the caller's hotkey. */
  readonly by?: (call: C) => string
}

export interface RateLimitStats {
  readonly refused: number
  /** Hotkeys (or what `by` gave) in memory, at most 10,000. */
  readonly keys: number
}

/**
 * Refuses the calls of a hotkey that asks too often: a bucket of `burst` tokens for each, refilled with `perSecond`.
 * `set` gives everybody a full bucket.
 * @example
 * miner.use(rateLimit({ perSecond: 5, burst: 10, by: (call) => `${call.caller} ${call.synapse}` }))
 * @throws LevinError CONFIG for a number out of range, or an option that there is not
 */
export function rateLimit<C extends Call = Call>(
  options: RateLimitOptions<C> = {},
  /** For tests: another clock than the machine's. */
  clock: Clock = systemClock,
): Plugin<[options?: RateLimitOptions<C>], RateLimitStats, NothingAdded, C> {
  let { perSecond, burst, by } = check(options)
  /** In the order in which they were last used. */
  const buckets = new Map<string, TokenBucket>()
  let refused = 0

  /** A bucket that is full by now knows nothing: looking at the two oldest for each new one keeps the table small. */
  function forget(): void {
    let looked = 0
    for (const [key, bucket] of buckets) {
      if (looked++ === 2) return
      if (bucket.isFull || buckets.size >= MAX_KEYS) buckets.delete(key)
    }
  }

  return Object.assign(
    function rateLimit(call: C, next: Next): Promise<object> {
      const key = by === undefined ? call.caller : by(call)
      let bucket = buckets.get(key)
      if (bucket === undefined) {
        forget()
        bucket = new TokenBucket(perSecond, burst, clock)
      } else buckets.delete(key)
      buckets.set(key, bucket)
      if (bucket.take()) return next()
      refused++
      throw refuse(`more than ${perSecond} calls a second`, 'tooOften')
    },
    {
      set(options: RateLimitOptions<C> = {}): void {
        ;({ perSecond, burst, by } = check(options))
        buckets.clear()
      },
      stats: (): RateLimitStats => ({ refused, keys: buckets.size }),
    },
  )
}

function check<C extends Call>(options: RateLimitOptions<C>) {
  checkKeys('rateLimit', options, ['perSecond', 'burst', 'by'])
  const { perSecond = DEFAULT_PER_SECOND, burst = DEFAULT_BURST, by } = options
  if (!(typeof perSecond === 'number' && perSecond > 0 && perSecond <= MAX_RATE)) {
    throw wrong('perSecond', perSecond, `above 0, at most ${MAX_RATE}`)
  }
  if (!(typeof burst === 'number' && burst >= 1 && burst <= MAX_RATE)) {
    throw wrong('burst', burst, `from 1 to ${MAX_RATE}`)
  }
  checkFunction('rateLimit', 'by', by)
  return { perSecond, burst, by }
}

const wrong = (option: string, value: unknown, rule: string): LevinError =>
  new LevinError('CONFIG', `rateLimit: ${option} is ${String(value)}; it is a number ${rule}`)
