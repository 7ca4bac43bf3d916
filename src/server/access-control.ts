/** The access policy as it runs: asked at each handshake, and again about everybody when its data changes. */
import { inTime } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Summary } from '../summary.js'
import type { Link } from '../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { DEFAULT_MAX_AGE_MS } from './access/neuron-rule.js'
import { type AccessPolicy, type AccessRule, type Applicant, type Objection, ruleOf } from './access/rule.js'
import { startRule, stopRule } from './access/rule-start.js'
import type { MinerSettings } from './options.js'
import type { Peer, Peers } from './peers.js'

/** How often an answer may be overtaken by a change of the policy. */
const MOST_ATTEMPTS = 3

/** How long who is here may stay while the policy fails: as long as the rules trust a metagraph that grows old. */
const MAX_FAILING_MS = DEFAULT_MAX_AGE_MS

const OVERTAKEN = 'the policy changed while it was asked'

export class AccessControl {
  readonly #settings: MinerSettings
  readonly #peers: Peers
  readonly #noise: Summary
  #rule: AccessRule
  #unsubscribe: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #version = 0
  /** Since when the policy fails about whom. */
  readonly #failingSince = new WeakMap<Link, number>()
  #running = false
  /** Settles when the first rule has started, or failed to. */
  #started: Promise<void> | undefined
  /** Replacements that were asked for, and the latest of them that holds. */
  #asked = 0
  #applied = 0

  constructor(settings: MinerSettings, peers: Peers, noise: Summary) {
    this.#settings = settings
    this.#peers = peers
    this.#noise = noise
    this.#rule = ruleOf(settings.access)
  }

  get name(): string {
    return this.#rule.name
  }

  /** Milliseconds since what the rule knows was known to be true; undefined for what does not age. */
  ageMs(): number | undefined {
    return this.#rule.ageMs?.()
  }

  /** Grows with each change of what the rule may answer. */
  get version(): number {
    return this.#version
  }

  start(): Promise<void> {
    this.#started = this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    await startRule(this.#rule)
    this.#running = true
    this.#listen()
    this.#reviewLater()
  }

  /** At once: a replacement that is under way notices, and stops what it has started. */
  async stop(): Promise<void> {
    this.#running = false
    this.#unsubscribe?.()
    this.#cancelTimer?.()
    await stopRule(this.#rule)
  }

  /**
   * Another policy from now on, for those who are here as well. Of several that start at once the one given last holds.
   * @throws what the policy's start throws: the old one stays
   */
  async replace(policy: AccessPolicy): Promise<void> {
    const rule = ruleOf(policy)
    const turn = ++this.#asked
    await this.#started?.catch(() => {}) // whoever called start hears of it
    const isStarted = this.#running && rule !== this.#rule
    if (isStarted) await startRule(rule)
    const isOvertaken = turn < this.#applied || (isStarted && !this.#running)
    if (!isOvertaken) this.#applied = turn
    const old = this.#rule
    if (isOvertaken || rule === old) {
      if (isStarted) await this.#end(rule)
      return
    }
    this.#rule = rule
    this.#version++
    if (!this.#running) return
    this.#unsubscribe?.()
    this.#listen()
    await this.#review()
    await this.#end(old)
  }

  /** The other one holds already, so that this is no failure of the replacement. */
  async #end(rule: AccessRule): Promise<void> {
    try {
      await stopRule(rule)
    } catch (error) {
      this.#settings.logger.error('an access policy did not stop', { policy: rule.name, error })
    }
  }

  /** Why an applicant may not come in; undefined lets it. Never rejects: a policy that fails admits nobody. */
  async objection(applicant: Applicant): Promise<Objection> {
    try {
      return await this.#ask(applicant)
    } catch (error) {
      this.#failed(applicant.hotkey, 'so nobody is admitted', error)
      return `the policy failed: ${LevinError.from(error).message}`
    }
  }

  /** @throws what the rule throws, or that it took longer than a handshake may */
  async #ask(applicant: Applicant): Promise<Objection> {
    const { clock, handshakeTimeoutMs } = this.#settings
    const late = () => new LevinError('TIMED_OUT', `it did not answer within ${handshakeTimeoutMs} ms`)
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const version = this.#version
      const objection = await inTime(clock, handshakeTimeoutMs, this.#rule.objection(applicant), late)
      if (version === this.#version) return objection // else it may answer otherwise by now
    }
    return OVERTAKEN
  }

  /** Strangers can make it fail as often as they try to come in. */
  #failed(hotkey: string, consequence: string, error: unknown): void {
    const message = `the access policy failed, ${consequence}`
    this.#noise.note(message, message, { policy: this.#rule.name, hotkey, error }, 'error')
  }

  #listen(): void {
    this.#unsubscribe = this.#rule.onChange?.(() => {
      this.#version++
      void this.#review()
    })
  }

  /** Time alone may change an answer, and a function does not say when its answer changes. */
  #reviewLater(): void {
    const { accessReviewMs, clock } = this.#settings
    this.#cancelTimer = clock.after(accessReviewMs, () => {
      void this.#review()
      this.#reviewLater()
    })
  }

  async #review(): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => this.lookAgain(peer)))
  }

  /** Whether the last answer, which was a yes, still counts after one more failure. */
  #isTrusted(link: Link): boolean {
    const now = this.#settings.clock.monotonicMs()
    const since = this.#failingSince.get(link) ?? now
    this.#failingSince.set(link, since)
    return now - since < MAX_FAILING_MS
  }

  /** Closes a validator whom the policy does not admit any more. Never rejects. */
  async lookAgain({ hotkey, link }: Peer): Promise<void> {
    let objection: Objection
    try {
      objection = await this.#ask({ hotkey, remote: link.remote })
    } catch (error) {
      if (this.#isTrusted(link)) return this.#failed(hotkey, 'so a validator that is here stays', error)
      objection = `the policy failed for ${MAX_FAILING_MS / 1000} s: ${LevinError.from(error).message}`
    }
    // Each change has begun a review of its own.
    if (objection === OVERTAKEN || link.closed !== undefined) return
    if (objection === undefined) return void this.#failingSince.delete(link)
    this.#settings.logger.info('a validator lost its right to be here', { hotkey, objection })
    link.close(CLOSE_CODE, CloseReason.cleanup)
  }
}
