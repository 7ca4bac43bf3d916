/** The hosts that a resolver of the author's names, asked again and again. */
import { isIP } from 'node:net'
import { inspect } from 'node:util'
import { type Clock, inTime } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import { isList } from '../../options.js'
import { sourceKey } from '../../transport/source-key.js'

/**
 * `'bypass'` lets every address through, and is the answer of who knows no addresses: a subnet whose validators publish
 * none. A list lets its IP addresses through and no other; an empty one shuts everybody out.
 */
export type AllowedHosts = 'bypass' | Iterable<string>

export interface ResolvedHostsSettings {
  readonly resolve: () => AllowedHosts | Promise<AllowedHosts>
  readonly refreshMs: number
  readonly timeoutMs: number
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly logger: Logger
}

export class ResolvedHosts {
  readonly #settings: ResolvedHostsSettings
  #allowed: 'bypass' | ReadonlySet<string> = 'bypass'
  #answeredAt: number | undefined
  /** Grows with each start and stop: an answer that was asked for before counts no more. */
  #run = 0
  #cancelTimer: (() => void) | undefined

  constructor(settings: ResolvedHostsSettings) {
    this.#settings = settings
  }

  /** Whether who is not one of these is to be shut out. */
  get enforces(): boolean {
    return this.#allowed !== 'bypass' && (this.ageMs() ?? Infinity) <= this.#settings.maxAgeMs
  }

  get size(): number {
    return this.#allowed === 'bypass' ? 0 : this.#allowed.size
  }

  has(source: string): boolean {
    return this.#allowed !== 'bypass' && this.#allowed.has(source)
  }

  ageMs(): number | undefined {
    return this.#answeredAt === undefined ? undefined : this.#settings.clock.monotonicMs() - this.#answeredAt
  }

  /** Resolves after the first answer, or the failure to get one. */
  start(): Promise<void> {
    return this.#ask(++this.#run)
  }

  stop(): void {
    this.#run++
    this.#cancelTimer?.()
  }

  async #ask(run: number): Promise<void> {
    const { clock, refreshMs } = this.#settings
    const askedAt = clock.monotonicMs()
    try {
      const allowed = checkAnswer(await this.#answerInTime())
      if (run === this.#run) this.#accept(allowed, askedAt)
    } catch (error) {
      if (run === this.#run) this.#reportFailure(error)
    }
    if (run !== this.#run) return
    this.#cancelTimer = clock.after(refreshMs, () => void this.#ask(run))
  }

  /** A resolver that hangs must not be the last one that was asked. */
  async #answerInTime(): Promise<AllowedHosts> {
    const { clock, resolve, timeoutMs } = this.#settings
    const late = () => new LevinError('TIMED_OUT', `no answer within ${timeoutMs} ms`)
    return inTime(clock, timeoutMs, resolve(), late)
  }

  #accept(allowed: 'bypass' | ReadonlySet<string>, askedAt: number): void {
    const wasEmpty = this.#allowed !== 'bypass' && this.#allowed.size === 0
    this.#allowed = allowed
    this.#answeredAt = askedAt
    if (allowed === 'bypass' || allowed.size > 0 || wasEmpty) return
    this.#settings.logger.warn(
      "source filter: the resolver's list is empty, so that nobody can connect; answer 'bypass' where no addresses are known",
    )
  }

  #reportFailure(error: unknown): void {
    const consequence =
      this.#answeredAt === undefined || this.enforces || this.#allowed === 'bypass'
        ? 'its last answer stays'
        : 'its last answer is too old, and every address is let through'
    this.#settings.logger.warn(`source filter: the resolver failed; ${consequence}`, {
      ageMs: this.ageMs(),
      error,
    })
  }
}

/** @throws LevinError CONFIG naming what is no IP address */
function checkAnswer(answer: AllowedHosts): 'bypass' | ReadonlySet<string> {
  if (answer === 'bypass') return 'bypass'
  if (!isList(answer)) {
    throw new LevinError(
      'CONFIG',
      `the resolver answered ${inspect(answer)}; it is 'bypass' or a list of IP addresses`,
    )
  }
  const allowed = new Set<string>()
  for (const host of answer) {
    if (typeof host !== 'string' || isIP(host) === 0) {
      throw new LevinError(
        'CONFIG',
        `the resolver named ${inspect(host)}, which is no IP address such as 192.0.2.1`,
      )
    }
    allowed.add(sourceKey(host))
  }
  return allowed
}
