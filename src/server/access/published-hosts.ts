/** The hosts that the subnet's validators published, by a metagraph. */
import { isIP } from 'node:net'
import type { Logger } from '../../logger.js'
import { routableAxon } from '../../metagraph/reachable.js'
import type { MetagraphSource, Neuron } from '../../metagraph/source.js'
import { sourceKey } from '../../transport/source-key.js'
import { isFresh } from './freshness.js'

export interface PublishedHostsSettings {
  readonly source: MetagraphSource
  readonly host: (neuron: Neuron) => string | undefined
  readonly maxAgeMs: number
  readonly logger: Logger
}

/** The host of a neuron's axon, when the open internet can reach it. */
export const routableHost = (neuron: Neuron): string | undefined => routableAxon(neuron)?.host

export class PublishedHosts {
  readonly #settings: PublishedHostsSettings
  #hosts: ReadonlySet<string> = new Set()
  #wasEnforcing = false
  #end: (() => void) | undefined

  constructor(settings: PublishedHostsSettings) {
    this.#settings = settings
  }

  /**
   * Whether who is not one of these is to be shut out: any are known, and not by data that is too old. Asked for each
   * datagram of a stranger, so that a source that throws shuts nobody out, and ends nothing.
   */
  get enforces(): boolean {
    const { source, maxAgeMs } = this.#settings
    return this.#hosts.size > 0 && isFresh(source, maxAgeMs)
  }

  get size(): number {
    return this.#hosts.size
  }

  has(source: string): boolean {
    return this.#hosts.has(source)
  }

  ageMs(): number | undefined {
    return this.#settings.source.ageMs()
  }

  /** @throws what the source's start throws */
  async start(): Promise<void> {
    const { source } = this.#settings
    await source.start()
    this.#end = source.onChange(() => this.#look())
    this.#look()
  }

  async stop(): Promise<void> {
    if (this.#end === undefined) return
    this.#end()
    this.#end = undefined
    await this.#settings.source.stop()
  }

  #look(): void {
    const { source, host, logger } = this.#settings
    try {
      const hosts = new Set<string>()
      for (const neuron of source.neurons()) {
        const known = neuron.validatorPermit ? host(neuron) : undefined
        if (known !== undefined && isIP(known) !== 0) hosts.add(sourceKey(known))
      }
      this.#hosts = hosts
    } catch (error) {
      logger.error('source filter: the hosts that validators published are not known; the last ones stay', {
        error,
      })
    }
    if (this.enforces === this.#wasEnforcing) return
    this.#wasEnforcing = this.enforces
    const who = this.enforces ? 'only published hosts are let through' : 'every address is let through'
    logger.info(`source filter: ${who}`, { hosts: this.size })
  }
}
