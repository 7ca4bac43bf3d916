/** Which hosts are listened to at all. It stands before the connection, and in front of who may come in. */
import { type Clock, systemClock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import type { MetagraphSource, Neuron } from '../../metagraph/source.js'
import { checkKeys, milliseconds } from '../../options.js'
import { checkLogger } from '../../pino-logger.js'
import { sourceKey } from '../../transport/source-key.js'
import { LearnedHosts } from './learned-hosts.js'
import { DEFAULT_MAX_AGE_MS } from './neuron-rule.js'
import { PublishedHosts, routableHost } from './published-hosts.js'
import { type AllowedHosts, ResolvedHosts } from './resolved-hosts.js'

/** Where `sourceFilter` learns which hosts may connect: one or more of `resolve`, `learn` and `published`. */
export interface SourceFilterOptions {
  /** Says which IP addresses may connect: `'bypass'`, or a list of them, of which an empty one shuts everybody out. */
  readonly resolve?: () => AllowedHosts | Promise<AllowedHosts>
  /** Milliseconds from one answer of `resolve` to the next question. Default 300,000, as btlightning. */
  readonly refreshMs?: number
  /** Milliseconds that `resolve` may take. Default 30,000, as connecting to a chain node may. */
  readonly timeoutMs?: number
  /**
   * Milliseconds after which the last answer of `resolve`, or the data of `learn.source` and `published.source`, shuts
   * nobody out any more.
   * Default 7,200,000, as with the rules that read a metagraph.
   */
  readonly maxAgeMs?: number
  readonly learn?: LearnOptions
  readonly published?: PublishedOptions
  /** For tests: another clock than the machine's. */
  readonly clock?: Clock
  /** Default: `pinoLogger('info')`, JSON lines on standard error. */
  readonly logger?: Logger
}

/** Hosts from which holders of a validator permit proved themselves before. */
export interface LearnOptions {
  /** Path of the file that keeps what was learned. It is written at most once in 5 s, and at the end. */
  readonly file: string
  /** The share of the permitted stake whose hosts must be known before others are shut out. Default 0.9; over 0, at most 1. */
  readonly share?: number
  /** Says who holds a permit, and how much stake. */
  readonly source: MetagraphSource
}

/** Hosts at which holders of a validator permit have their axon. */
export interface PublishedOptions {
  /** Says who holds a permit, and where. */
  readonly source: MetagraphSource
  /**
   * The IP address from which a holder of a permit comes; undefined for one that is not known. Default: that of its
   * axon, when it is an IPv4 address that the open internet can reach, as btlightning.
   */
  readonly host?: (neuron: Neuron) => string | undefined
}

/** What a source filter does at the moment, and has done. */
export interface SourceFilterStats {
  /** `off` while it is not started; it lets every host through then, as with `bypass`. */
  readonly mode: 'off' | 'bypass' | 'enforce'
  /** Hosts that are let through with `enforce`. */
  readonly hosts: number
  /** Questions since it was made that were answered with no. */
  readonly refused: number
  /** Of the permitted stake, from 0 to 1: that of hotkeys whose hosts were learned. Undefined without `learn`. */
  readonly share: number | undefined
}

/** Which hosts are listened to at all: what `sourceFilter` makes, and `new Miner` takes. */
export interface SourceFilter {
  /** Whether a host may send us anything. @param host an IP address as a socket reports it */
  admits(host: string): boolean
  /** A hotkey proved itself from that host. Nothing without `learn`. */
  learn(host: string, hotkey: string): void
  /**
   * Before the port is bound: waits for the first answer of `resolve`, and reads what was learned before.
   * @throws what the start of `learn.source` or `published.source` throws
   */
  start(): Promise<void>
  /** Saves what was learned. */
  stop(): Promise<void>
  /** Milliseconds since the oldest of what it goes by was known to be true; undefined while nothing is known. */
  ageMs(): number | undefined
  /** What it does at the moment. */
  stats(): SourceFilterStats
}

const KEYS = ['resolve', 'refreshMs', 'timeoutMs', 'maxAgeMs', 'learn', 'published', 'clock', 'logger']
const LEARN_KEYS = ['file', 'share', 'source']
const PUBLISHED_KEYS = ['source', 'host']
const WHERE = 'sourceFilter'

/**
 * Drops what comes from other hosts than validators', before it costs a connection. An IPv4 address counts as itself,
 * however it is written, and an IPv6 address as its /64.
 *
 * With `resolve`, the hosts are those that it names. With `learn`, they are those that validators proved themselves
 * from, up to 8 for each hotkey and 10,000 in all, and nobody is shut out until they cover `learn.share` of the stake
 * with a permit. With `published`, they are those of the axons of permit holders, and nobody is shut out while none
 * published any. With several, who is known to one of them comes through.
 *
 * It fails open: a resolver that fails keeps its last answer, and once that is older than `maxAgeMs`, or while there is
 * none, every host comes through. The access policy is asked about each of them all the same, whereas a list that is
 * out of date shuts out validators who moved, and neither they nor you would hear why. For the same reason, a validator
 * that comes only from hosts that are not known is not heard while the filter enforces: one that moves must be let in
 * by `resolve`, or by deleting the learned file while the miner is down.
 *
 * @throws LevinError CONFIG without `resolve`, `learn` and `published`, and for an option that is unknown or out of range
 */
export function sourceFilter(options: SourceFilterOptions): SourceFilter {
  checkKeys(WHERE, options, KEYS)
  const { resolve, learn, published, clock = systemClock } = options
  const logger = checkLogger(WHERE, options.logger, 'info')
  const maxAgeMs = milliseconds(WHERE, 'maxAgeMs', options.maxAgeMs ?? DEFAULT_MAX_AGE_MS)
  const refreshMs = milliseconds(WHERE, 'refreshMs', options.refreshMs ?? 300_000)
  const timeoutMs = milliseconds(WHERE, 'timeoutMs', options.timeoutMs ?? 30_000)
  if (maxAgeMs < refreshMs) {
    throw new LevinError(
      'CONFIG',
      `${WHERE}: maxAgeMs is ${maxAgeMs}, less than refreshMs, ${refreshMs}: every answer would grow too old`,
    )
  }
  if (resolve === undefined && learn === undefined && published === undefined) {
    throw new LevinError(
      'CONFIG',
      `${WHERE} has nothing to go by; give it resolve: () => [ip, ...], learn: { file, source } or published: { source }`,
    )
  }
  if (resolve !== undefined && typeof resolve !== 'function') {
    throw new LevinError(
      'CONFIG',
      `${WHERE}: resolve is not a function; write resolve: () => 'bypass' or [ip, ...]`,
    )
  }
  return new Filter(
    resolve && new ResolvedHosts({ resolve, refreshMs, timeoutMs, maxAgeMs, clock, logger }),
    learn === undefined ? undefined : new LearnedHosts({ ...checkLearn(learn), maxAgeMs, clock, logger }),
    published && new PublishedHosts({ ...checkPublished(published), maxAgeMs, logger }),
  )
}

function checkPublished(published: PublishedOptions): Required<PublishedOptions> {
  checkKeys(`${WHERE}: published`, published, PUBLISHED_KEYS)
  const { source, host = routableHost } = published
  if (typeof source?.neurons !== 'function') {
    throw new LevinError('CONFIG', `${WHERE}: published.source is missing; it says who holds a permit`)
  }
  if (typeof host !== 'function') {
    throw new LevinError('CONFIG', `${WHERE}: published.host is not a function; write host: (neuron) => ip`)
  }
  return { source, host }
}

function checkLearn(learn: LearnOptions): Required<LearnOptions> {
  checkKeys(`${WHERE}: learn`, learn, LEARN_KEYS)
  const { file, share = 0.9, source } = learn
  if (typeof file !== 'string' || file === '') {
    throw new LevinError('CONFIG', `${WHERE}: learn.file is missing; it is the path of a file to write`)
  }
  if (!(typeof share === 'number' && share > 0 && share <= 1)) {
    throw new LevinError('CONFIG', `${WHERE}: learn.share is ${share}; it is a number over 0, and at most 1`)
  }
  if (typeof source?.neurons !== 'function') {
    throw new LevinError('CONFIG', `${WHERE}: learn.source is missing; it says who holds a permit`)
  }
  return { file, share, source }
}

class Filter implements SourceFilter {
  readonly #resolved: ResolvedHosts | undefined
  readonly #learned: LearnedHosts | undefined
  readonly #published: PublishedHosts | undefined
  /** All of these that there are. */
  readonly #known: readonly (ResolvedHosts | LearnedHosts | PublishedHosts)[]
  #running = false
  #refused = 0

  constructor(
    resolved: ResolvedHosts | undefined,
    learned: LearnedHosts | undefined,
    published: PublishedHosts | undefined,
  ) {
    this.#resolved = resolved
    this.#learned = learned
    this.#published = published
    this.#known = [resolved, learned, published].filter((hosts) => hosts !== undefined)
  }

  admits(host: string): boolean {
    if (!this.#enforces) return true
    const source = sourceKey(host)
    if (this.#known.some((hosts) => hosts.has(source))) return true
    this.#refused++
    return false
  }

  get #enforces(): boolean {
    return this.#running && this.#known.some((hosts) => hosts.enforces)
  }

  learn(host: string, hotkey: string): void {
    this.#learned?.learn(sourceKey(host), hotkey)
  }

  async start(): Promise<void> {
    await this.#published?.start()
    try {
      await this.#learned?.start()
    } catch (error) {
      await this.#published?.stop()
      throw error
    }
    await this.#resolved?.start()
    this.#running = true
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#resolved?.stop()
    await this.#published?.stop()
    await this.#learned?.stop()
  }

  ageMs(): number | undefined {
    const ages = this.#known.map((hosts) => hosts.ageMs()).filter((age) => age !== undefined)
    return ages.length === 0 ? undefined : Math.max(...ages)
  }

  stats(): SourceFilterStats {
    const mode = this.#enforces ? 'enforce' : 'bypass'
    return {
      mode: this.#running ? mode : 'off',
      hosts: this.#known.reduce((all, { size }) => all + size, 0),
      refused: this.#refused,
      share: this.#learned?.share,
    }
  }
}
