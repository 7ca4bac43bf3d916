/** The hosts that validators came from: remembered by hotkey, kept in a file. */
import type { Clock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import type { MetagraphSource } from '../../metagraph/source.js'
import { Summary } from '../../summary.js'
import { isFresh } from './freshness.js'
import { loadHosts, saveHosts } from './hosts-file.js'

/** A validator moves, or speaks from several machines; one that uses a new address each time must not crowd out others. */
const HOSTS_PER_HOTKEY = 8
/** As many as the handshake's table of addresses has: 256 validators with 39 hosts each. */
const MAX_HOSTS = 10_000
/** A burst of handshakes, as after a restart, is one write. */
const SAVE_MS = 5000

export interface LearnedHostsSettings {
  readonly file: string
  readonly share: number
  readonly source: MetagraphSource
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly logger: Logger
}

export class LearnedHosts {
  readonly #settings: LearnedHostsSettings
  readonly #noise: Summary
  /** Who proved himself least lately comes first, and so with the hosts of each. */
  readonly #hosts = new Map<string, Set<string>>()
  /** How many hotkeys come from a host. */
  readonly #hotkeysAt = new Map<string, number>()
  /** Pairs of a hotkey and a host. */
  #size = 0
  #share = 0
  #wasEnforcing = false
  #running = false
  #unsubscribe: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #unsaved = false
  #saving: Promise<void> = Promise.resolve()
  /** What the log was last told of a save that failed. */
  #problem: string | undefined

  constructor(settings: LearnedHostsSettings) {
    this.#settings = settings
    this.#noise = new Summary(settings.logger, settings.clock)
  }

  /**
   * Whether who is not one of these is to be shut out: enough is known, and the stake that says so is not too old. Asked
   * for each datagram of a stranger, so that a source that throws shuts nobody out, and ends nothing.
   */
  get enforces(): boolean {
    const { share, source, maxAgeMs } = this.#settings
    return this.#share >= share && isFresh(source, maxAgeMs)
  }

  /** Of the permitted stake, from 0 to 1: that of hotkeys whose hosts are known. */
  get share(): number {
    return this.#share
  }

  /** Hosts, each counted once. */
  get size(): number {
    return this.#hotkeysAt.size
  }

  has(source: string): boolean {
    return this.#hotkeysAt.has(source)
  }

  ageMs(): number | undefined {
    return this.#settings.source.ageMs()
  }

  /** @throws what the source's start throws */
  async start(): Promise<void> {
    const { file, logger, source } = this.#settings
    await source.start()
    for (const [hotkey, hosts] of await loadHosts(file, logger)) {
      for (const host of hosts) this.#remember(host, hotkey)
    }
    this.#running = true
    this.#unsubscribe = source.onChange(() => this.#measure())
    this.#measure()
  }

  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    this.#unsubscribe?.()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#noise.stop()
    await this.#saving
    if (this.#unsaved) await this.#save()
    await this.#settings.source.stop()
  }

  /** @param source as `sourceKey` has it */
  learn(source: string, hotkey: string): void {
    if (!this.#running) return
    try {
      if (!this.#remember(source, hotkey)) return
      this.#unsaved = true
      this.#saveLater()
      this.#measure()
    } catch (error) {
      const message = 'source filter: the metagraph failed while a host was learned'
      this.#noise.note(message, message, { error }, 'error')
    }
  }

  /** @returns whether that was news */
  #remember(source: string, hotkey: string): boolean {
    const hosts = this.#hosts.get(hotkey) ?? new Set()
    const isNews = !hosts.has(source)
    if (isNews) this.#count(source, 1)
    hosts.delete(source)
    hosts.add(source)
    this.#hosts.delete(hotkey)
    this.#hosts.set(hotkey, hosts)
    if (hosts.size > HOSTS_PER_HOTKEY) this.#forgetOldest(hotkey, hosts)
    if (this.#size > MAX_HOSTS) this.#makeRoom()
    return isNews
  }

  /** Strangers go first: where the policy admits everybody, hotkeys that cost nothing must not crowd validators out. */
  #makeRoom(): void {
    let [who] = this.#hosts.keys()
    for (const hotkey of this.#hosts.keys()) {
      if (this.#settings.source.neuron(hotkey)?.validatorPermit) continue
      who = hotkey
      break
    }
    const hosts = who === undefined ? undefined : this.#hosts.get(who)
    if (who !== undefined && hosts !== undefined) this.#forgetOldest(who, hosts)
  }

  #forgetOldest(hotkey: string, hosts: Set<string>): void {
    for (const host of hosts) {
      hosts.delete(host)
      this.#count(host, -1)
      break
    }
    if (hosts.size === 0) this.#hosts.delete(hotkey)
  }

  #count(host: string, change: 1 | -1): void {
    this.#size += change
    const hotkeys = (this.#hotkeysAt.get(host) ?? 0) + change
    if (hotkeys === 0) this.#hotkeysAt.delete(host)
    else this.#hotkeysAt.set(host, hotkeys)
  }

  #measure(): void {
    let all = 0
    let known = 0
    for (const { hotkey, stake, validatorPermit } of this.#settings.source.neurons()) {
      if (!validatorPermit) continue
      all += stake
      if (this.#hosts.has(hotkey)) known += stake
    }
    this.#share = all === 0 ? 0 : known / all
    if (this.enforces === this.#wasEnforcing) return
    this.#wasEnforcing = this.enforces
    this.#settings.logger.info(
      `source filter: ${this.enforces ? 'only learned hosts are let through' : 'every address is let through'}`,
      { share: this.#share, hosts: this.size },
    )
  }

  #saveLater(): void {
    this.#cancelTimer ??= this.#settings.clock.after(SAVE_MS, () => {
      this.#saving = this.#save().then(() => {
        this.#cancelTimer = undefined
        if (this.#unsaved && this.#running) this.#saveLater()
      })
    })
  }

  /** What fails is tried again with the next save. */
  async #save(): Promise<void> {
    const { file, logger } = this.#settings
    this.#unsaved = false
    try {
      await saveHosts(file, this.#hosts)
      this.#problem = undefined
    } catch (error) {
      this.#unsaved = true
      const { message } = LevinError.from(error)
      if (message !== this.#problem)
        logger.error('source filter: what was learned could not be saved', { error })
      this.#problem = message
    }
  }
}
