import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { ChangeListeners } from '../metagraph/change-listeners.js'
import { areSame } from '../metagraph/neurons.js'
import { SharedStart } from '../metagraph/shared-start.js'
import type { MetagraphSource } from '../metagraph/source.js'
import { Observers } from '../observers.js'
import { checkKeys, milliseconds } from '../options.js'
import { checkLogger } from '../pino-logger.js'
import { AccountNames } from './account-names.js'
import { type Chain, takeChain } from './chain.js'
import { EVENTS, type SubtensorEvents, tellChanges } from './changes.js'
import { CHAIN_KEYS, type ChainOptions, type ChainSettings, checkChain, checkNetuid } from './options.js'
import { finalizedHead, readSubnet } from './read-subnet.js'
import type { ChainNeuron, ChainNeurons } from './snapshot.js'

/** Which metagraph is read, and how often. */
export type SubtensorOptions = ChainOptions & {
  /** Milliseconds from one sync to the next, 10% more or less. Default 600,000, as btlightning. */
  readonly intervalMs?: number
  /** Default: `pinoLogger('info')`, JSON lines on standard error. */
  readonly logger?: Logger
}

/** A metagraph that is read from the chain. */
export interface Subtensor extends MetagraphSource {
  readonly netuid: number
  neuron(hotkey: string): ChainNeuron | undefined
  neurons(): Iterable<ChainNeuron>
  /**
   * Hears of each change that a sync finds, after the data is there. The first sync finds none.
   * @returns what takes the listener away again
   * @throws LevinError CONFIG for what never happens, or cannot be called
   */
  on<K extends keyof SubtensorEvents>(kind: K, listener: (event: SubtensorEvents[K]) => void): () => void
}

const WHERE = 'subtensor'
const JITTER = 0.1
/** After a sync that failed at every endpoint: doubled with each further one, up to the interval. */
const FIRST_RETRY_MS = 15_000
/** Twenty-five blocks: a node whose newest block is older hangs, and another may know more. */
const STANDSTILL_MS = 300_000

/**
 * A subnet's neurons as a chain has them, read again each ten minutes: who is registered, with which stake, permit and
 * axon. Needs the package `ws`. All sources of one process that ask the same nodes share one connection.
 *
 * A sync that fails is tried at the next endpoint at once, and then again after a while; meanwhile the last data stays
 * and grows old, and the log says so once for each thing that is wrong. Data is as old as the time since its block was
 * first seen.
 *
 * `start` waits for the first sync. It throws LevinError CONFIG without `ws` and for a subnet that does not exist;
 * CANNOT_CONNECT, TIMED_OUT, WRONG_PEER, PEER_ERROR, PROTOCOL, LIMIT or CONNECTION_LOST when no endpoint could be read.
 * @example
 * const source = subtensor({ network: 'finney', netuid: 2 })
 * const miner = new Miner({ signer, access: minStake(1000, source) })
 * @throws LevinError CONFIG for an option that is missing, unknown or out of range
 */
export function subtensor(options: SubtensorOptions): Subtensor {
  return new SubtensorSource(options)
}

class SubtensorSource implements Subtensor {
  readonly netuid: number
  readonly #settings: ChainSettings
  readonly #intervalMs: number
  readonly #logger: Logger
  readonly #listeners = new ChangeListeners()
  readonly #observers: Observers<SubtensorEvents>
  readonly #names = new AccountNames()
  readonly #run = new SharedStart(
    () => this.#begin(),
    () => this.#end(),
  )
  #neurons: ChainNeurons = new Map()
  /** Of what is known: its block, and when that was first seen. */
  #head: string | undefined
  #headSeenAt = 0
  #chain: Chain | undefined
  /** Grows with each start and stop: what a sync from before finds counts no more. */
  #era = 0
  #cancelTimer: (() => void) | undefined
  #failures = 0
  /** What the log was last told. */
  #problem: string | undefined

  constructor(options: SubtensorOptions) {
    checkKeys(WHERE, options, [...CHAIN_KEYS, 'intervalMs', 'logger'])
    this.#settings = checkChain(WHERE, options)
    this.netuid = checkNetuid(WHERE, options.netuid)
    this.#intervalMs = milliseconds(WHERE, 'intervalMs', options.intervalMs ?? 600_000)
    this.#logger = checkLogger(WHERE, options.logger, 'info')
    this.#observers = new Observers(this.#logger, this.#settings.clock, EVENTS)
  }

  neuron(hotkey: string): ChainNeuron | undefined {
    return this.#neurons.get(hotkey)
  }

  neurons(): Iterable<ChainNeuron> {
    return this.#neurons.values()
  }

  ageMs(): number | undefined {
    return this.#head === undefined ? undefined : this.#settings.clock.monotonicMs() - this.#headSeenAt
  }

  onChange(look: () => void): () => void {
    return this.#listeners.add(look)
  }

  on<K extends keyof SubtensorEvents>(kind: K, listener: (event: SubtensorEvents[K]) => void): () => void {
    return this.#observers.on(kind, listener)
  }

  start(): Promise<void> {
    return this.#run.start()
  }

  stop(): Promise<void> {
    return this.#run.stop()
  }

  async #begin(): Promise<void> {
    const era = ++this.#era
    const chain = takeChain(this.#settings)
    try {
      await this.#sync(chain, era)
    } catch (error) {
      chain.release()
      throw error
    }
    this.#chain = chain
    this.#syncLater(chain, era, this.#intervalMs)
  }

  async #end(): Promise<void> {
    this.#era++
    this.#cancelTimer?.()
    this.#chain?.release()
    this.#chain = undefined
  }

  #syncLater(chain: Chain, era: number, ms: number): void {
    const withJitter = ms * (1 - JITTER + 2 * JITTER * Math.random())
    this.#cancelTimer = this.#settings.clock.after(withJitter, () => void this.#again(chain, era))
  }

  async #again(chain: Chain, era: number): Promise<void> {
    try {
      await this.#sync(chain, era)
      if (era === this.#era) this.#wentWell()
    } catch (error) {
      if (era === this.#era) this.#failed(LevinError.from(error))
    }
    if (era !== this.#era) return
    const retryMs = FIRST_RETRY_MS * 2 ** (this.#failures - 1)
    this.#syncLater(chain, era, this.#failures === 0 ? this.#intervalMs : Math.min(retryMs, this.#intervalMs))
  }

  #wentWell(): void {
    if (this.#problem !== undefined) this.#logger.info(`subnet ${this.netuid} can be read again`)
    this.#problem = undefined
    this.#failures = 0
  }

  #failed({ message }: LevinError): void {
    this.#failures++
    if (message !== this.#problem) {
      const ageMs = this.ageMs()
      this.#logger.error(`cannot read subnet ${this.netuid}: ${message}; the last data stays`, { ageMs })
    }
    this.#problem = message
  }

  async #sync(chain: Chain, era: number): Promise<void> {
    const now = this.#settings.clock.monotonicMs()
    const [head, neurons] = await chain.turn(async (ask) => {
      const head = await finalizedHead(ask)
      this.#checkMoves(head)
      return [head, await readSubnet(ask, this.netuid, head, this.#names)]
    })
    if (era !== this.#era) return
    const before = this.#neurons
    const isFirst = this.#head === undefined
    this.#neurons = neurons
    if (head !== this.#head) this.#headSeenAt = now // before anybody is told, who may ask how old this is
    this.#head = head
    if (!isFirst) tellChanges(before, neurons, (kind, event) => this.#observers.tell(kind, event))
    if (!areSame(before, neurons)) this.#tell()
  }

  /** @throws LevinError PROTOCOL for a node that hangs */
  #checkMoves(head: string): void {
    const age = this.ageMs()
    if (head !== this.#head || age === undefined || age <= STANDSTILL_MS) return
    throw new LevinError('PROTOCOL', 'its newest block is the one of the last sync: it hangs')
  }

  #tell(): void {
    try {
      this.#listeners.tell()
    } catch (error) {
      this.#logger.error(`a listener for changes of subnet ${this.netuid} threw`, { error })
    }
  }
}
