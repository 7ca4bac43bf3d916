/** The access policy as it runs: asked at each handshake, and again about everybody when its data changes. */
import { LevinError } from '../errors.js'
import type { Link } from '../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { type AccessPolicy, type AccessRule, type Applicant, type Objection, ruleOf } from './access/rule.js'
import type { MinerSettings } from './options.js'
import type { Peer, Peers } from './peers.js'

/** How often an answer may be overtaken by a change of the policy. */
const MOST_ATTEMPTS = 3

export class AccessControl {
  readonly #settings: MinerSettings
  readonly #peers: Peers
  #rule: AccessRule
  #unsubscribe: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #version = 0
  /** About whom the rule is asked again, and has not answered yet. */
  readonly #asking = new WeakSet<Link>()
  #running = false
  /** Settles when the first rule has started, or failed to. */
  #started: Promise<void> | undefined
  /** Replacements that were asked for, and the latest of them that holds. */
  #asked = 0
  #applied = 0

  constructor(settings: MinerSettings, peers: Peers) {
    this.#settings = settings
    this.#peers = peers
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
    await this.#rule.start?.()
    this.#running = true
    this.#listen()
    this.#reviewLater()
  }

  /** At once: a replacement that is under way notices, and stops what it has started. */
  async stop(): Promise<void> {
    this.#running = false
    this.#unsubscribe?.()
    this.#cancelTimer?.()
    await this.#rule.stop?.()
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
    if (isStarted) await rule.start?.()
    if (turn < this.#applied || (isStarted && !this.#running)) {
      if (isStarted) await this.#end(rule)
      return
    }
    this.#applied = turn
    const old = this.#rule
    if (rule === old) return
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
      await rule.stop?.()
    } catch (error) {
      this.#settings.logger.error('an access policy did not stop', { policy: rule.name, error })
    }
  }

  /** Why an applicant may not come in; undefined lets it. Never rejects: a policy that fails admits nobody. */
  async objection(applicant: Applicant): Promise<Objection> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const version = this.#version
      try {
        const objection = await this.#rule.objection(applicant)
        if (version === this.#version) return objection // else it may answer otherwise by now
      } catch (error) {
        this.#failed(applicant.hotkey, 'so nobody is admitted', error)
        return `the policy failed: ${LevinError.from(error).message}`
      }
    }
    return 'the policy changed while it was asked'
  }

  #failed(hotkey: string, consequence: string, error: unknown): void {
    const { name: policy } = this.#rule
    this.#settings.logger.error(`the access policy failed, ${consequence}`, { policy, hotkey, error })
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
      // Not about whom it has not answered yet: a policy that hangs would have one more question a minute open.
      void this.#review(({ link }) => !this.#asking.has(link))
      this.#reviewLater()
    })
  }

  async #review(about: (peer: Peer) => boolean = () => true): Promise<void> {
    await Promise.all([...this.#peers].filter(about).map((peer) => this.lookAgain(peer)))
  }

  /** Closes a validator whom the policy does not admit any more. Never rejects. */
  async lookAgain({ hotkey, link }: Peer): Promise<void> {
    const rule = this.#rule
    let objection: Objection
    this.#asking.add(link)
    try {
      objection = await rule.objection({ hotkey, remote: link.remote })
    } catch (error) {
      return this.#failed(hotkey, 'so a validator that is here stays', error)
    } finally {
      this.#asking.delete(link)
    }
    if (objection === undefined || link.closed !== undefined || rule !== this.#rule) return
    this.#settings.logger.info('a validator lost its right to be here', { hotkey, objection })
    link.close(CLOSE_CODE, CloseReason.cleanup)
  }
}
