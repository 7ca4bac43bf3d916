import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { checkKeys, integer, milliseconds } from '../options.js'
import { checkLogger } from '../pino-logger.js'
import { readFile } from '../read-file.js'
import { ChangeListeners } from './change-listeners.js'
import { areSame, checkNeurons, type Neurons } from './neurons.js'
import { SharedStart } from './shared-start.js'
import type { MetagraphSource, Neuron } from './source.js'

/** How often a metagraph file is looked at, and how large it may be. */
export interface MetagraphFileOptions {
  /** Milliseconds from one look at the file to the next. Default 10,000: a change counts within one validator's round. */
  readonly intervalMs?: number
  /** Bytes that are read at most. Default 64 MiB, six times what 65,536 neurons need. */
  readonly maxBytes?: number
  /** For tests: another clock than the machine's. */
  readonly clock?: Clock
  /** Default: `pinoLogger('info')`, JSON lines on standard error. */
  readonly logger?: Logger
}

const KEYS = ['intervalMs', 'maxBytes', 'clock', 'logger']
/** A file's size is a bigint to the system and the length of a Buffer to us. */
const MOST_MAX_BYTES = 2 ** 31 - 1

/**
 * A metagraph from a JSON file, `[{ "hotkey": "5F...", "uid": 7, "stake": 1000.5, "validatorPermit": true }, ...]` or
 * `{ "neurons": [...] }`, with stake in TAO. The file may change at any time; write another one beside it and rename
 * that over it. One that is caught in the middle of being rewritten counts as broken, and is looked at again. So does
 * one without neurons, since a subnet always has some.
 *
 * What was read is taken to be true when it was read, however long ago the file was written. While the file is missing
 * or broken, the last data stays and grows old, and the log says so once for each thing that is wrong with it.
 *
 * `start` throws LevinError CONFIG when there is nothing to be had.
 * @throws LevinError CONFIG for an option that is unknown or out of range
 */
export function metagraphFile(path: string, options: MetagraphFileOptions = {}): MetagraphSource {
  return new MetagraphFile(path, options)
}

class MetagraphFile implements MetagraphSource {
  readonly #path: string
  readonly #intervalMs: number
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listeners = new ChangeListeners()
  readonly #run = new SharedStart(
    () => this.#begin(),
    () => this.#end(),
  )
  #neurons: Neurons = new Map()
  #knownAt: number | undefined
  /** What the file held when it was last read, and what was wrong with that: the same bytes are not parsed again. */
  #last: { readonly bytes: Buffer; readonly error: unknown } | undefined
  /** What the log was last told. */
  #problem: string | undefined
  #running = false
  #looking: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined

  constructor(path: string, options: MetagraphFileOptions) {
    if (typeof path !== 'string' || path === '') {
      throw new LevinError(
        'CONFIG',
        "metagraphFile: the path is missing: write metagraphFile('metagraph.json')",
      )
    }
    const where = `metagraphFile('${path}')`
    checkKeys(where, options, KEYS)
    this.#path = path
    this.#intervalMs = milliseconds(where, 'intervalMs', options.intervalMs ?? 10_000)
    this.#maxBytes = integer(where, 'maxBytes', options.maxBytes ?? 64 * 1024 * 1024, 1, MOST_MAX_BYTES)
    this.#clock = options.clock ?? systemClock
    this.#logger = checkLogger(where, options.logger, 'info')
  }

  neuron(hotkey: string): Neuron | undefined {
    return this.#neurons.get(hotkey)
  }

  neurons(): Iterable<Neuron> {
    return this.#neurons.values()
  }

  ageMs(): number | undefined {
    return this.#knownAt === undefined ? undefined : this.#clock.monotonicMs() - this.#knownAt
  }

  onChange(look: () => void): () => void {
    return this.#listeners.add(look)
  }

  start(): Promise<void> {
    return this.#run.start()
  }

  stop(): Promise<void> {
    return this.#run.stop()
  }

  async #begin(): Promise<void> {
    await this.#read()
    this.#running = true
    this.#lookLater()
  }

  async #end(): Promise<void> {
    this.#running = false
    this.#cancelTimer?.()
    await this.#looking
  }

  /** The next look waits for this one, so that a slow disk has one read to do at a time. */
  #lookLater(): void {
    this.#cancelTimer = this.#clock.after(this.#intervalMs, () => {
      this.#looking = this.#look()
    })
  }

  async #look(): Promise<void> {
    try {
      await this.#read()
      if (this.#problem !== undefined) this.#logger.info(`${this.#path} is good again`)
      this.#problem = undefined
    } catch (error) {
      const { message } = LevinError.from(error)
      if (message !== this.#problem) {
        this.#logger.error(`${message}; the last data stays`, { ageMs: this.ageMs() })
      }
      this.#problem = message
    }
    if (this.#running) this.#lookLater()
  }

  /** @throws LevinError CONFIG when the file is missing, unreadable or not what it should be */
  async #read(): Promise<void> {
    const now = this.#clock.monotonicMs()
    const bytes = await this.#bytes()
    const before = this.#neurons
    if (this.#last === undefined || !this.#last.bytes.equals(bytes)) this.#parse(bytes)
    if (this.#last?.error !== undefined) throw this.#last.error
    this.#knownAt = now // before anybody is told, who may ask how old this is
    if (before !== this.#neurons && !areSame(before, this.#neurons)) this.#tell()
  }

  async #bytes(): Promise<Buffer> {
    try {
      return await readFile(this.#path, this.#maxBytes)
    } catch (cause) {
      const why = LevinError.from(cause).message
      throw new LevinError('CONFIG', `cannot read the metagraph from ${this.#path}: ${why}`, { cause })
    }
  }

  #parse(bytes: Buffer): void {
    try {
      this.#neurons = checkNeurons(entriesOf(bytes, this.#path), this.#path, this.#neurons)
      this.#last = { bytes, error: undefined }
    } catch (error) {
      this.#last = { bytes, error }
    }
  }

  #tell(): void {
    try {
      this.#listeners.tell()
    } catch (error) {
      this.#logger.error(`a listener for changes of ${this.#path} threw`, { error })
    }
  }
}

function entriesOf(bytes: Buffer, path: string): readonly unknown[] {
  let content: unknown
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new LevinError('CONFIG', `${path} is not JSON: ${LevinError.from(cause).message}`, { cause })
  }
  const entries = Array.isArray(content) ? content : (content as { neurons?: unknown } | null)?.neurons
  if (!Array.isArray(entries)) {
    throw new LevinError('CONFIG', `${path} is neither a list of neurons nor { "neurons": [...] }`)
  }
  // what a dump writes that failed: taken at its word, it would close every validator
  if (entries.length === 0) {
    throw new LevinError('CONFIG', `${path} lists no neurons; a subnet always has some`)
  }
  return entries
}
