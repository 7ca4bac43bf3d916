/** Keeps the process below the memory that it may have: the kernel would end it without a word. */
import type { Clock } from '../clock.js'
import type { Logger } from '../logger.js'

const LOOK_MS = 250
/** Of what the limit leaves beyond what the process had before the first connection: handlers' models and the like. */
const FULL = 0.8
const OVER = 0.9
/** To close a connection that holds less would help nobody. */
const LEAST_BYTES = 1024 * 1024
const MIB = 1024 * 1024

/** `full`: requests are refused while others run. `over`: the connection that the most is kept for is closed. */
export type MemoryState = 'open' | 'full' | 'over'

/**
 * @param bytes that the process has, and had at its start
 * @param limitBytes that it may have
 */
export function memoryState(bytes: number, startBytes: number, limitBytes: number): MemoryState {
  const room = Math.max(0, limitBytes - startBytes)
  if (bytes >= startBytes + OVER * room) return 'over'
  return bytes >= startBytes + FULL * room ? 'full' : 'open'
}

/** A connection, and what is kept for it. */
export interface Holder {
  readonly bytes: number
  close(): void
}

/** What was done about memory, since the start. */
export interface MemoryStats {
  readonly limitBytes: number
  readonly state: MemoryState
  /** Requests that were refused, and connections that were closed, for want of memory. */
  readonly refused: number
  readonly closed: number
}

export class MemoryGuard {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #limitBytes: number
  readonly #holders: () => Iterable<Holder>
  readonly #rss: () => number
  #startBytes = 0
  #state: MemoryState = 'open'
  #refused = 0
  #closed = 0
  #cancelTimer: (() => void) | undefined

  /**
   * @param holders asked when the largest is to be closed
   * @param rss bytes that the process has
   */
  constructor(
    clock: Clock,
    logger: Logger,
    limitBytes: number,
    holders: () => Iterable<Holder>,
    rss: () => number = () => process.memoryUsage.rss(),
  ) {
    this.#clock = clock
    this.#logger = logger
    this.#limitBytes = limitBytes
    this.#holders = holders
    this.#rss = rss
  }

  start(): void {
    this.#startBytes = this.#rss()
    this.#again()
  }

  stop(): void {
    this.#cancelTimer?.()
  }

  #again(): void {
    this.#cancelTimer = this.#clock.after(LOOK_MS, () => {
      this.#look()
      this.#again()
    })
  }

  #look(): void {
    const bytes = this.#rss()
    const before = this.#state
    this.#state = memoryState(bytes, this.#startBytes, this.#limitBytes)
    if (this.#state !== before) this.#tell(bytes)
    if (this.#state === 'over') this.#closeLargest()
  }

  #tell(bytes: number): void {
    const fields = { mib: Math.round(bytes / MIB), limitMib: Math.round(this.#limitBytes / MIB) }
    if (this.#state === 'open') this.#logger.info('there is memory again: requests are taken', fields)
    else this.#logger.warn('memory is short: requests are refused while others run', fields)
  }

  #closeLargest(): void {
    let largest: Holder | undefined
    for (const holder of this.#holders()) if (holder.bytes > (largest?.bytes ?? LEAST_BYTES)) largest = holder
    if (largest === undefined) return
    this.#closed++
    largest.close()
  }

  /**
   * Whether a request that came is refused. One at a time is taken all the same: what is not the requests' doing would
   * else refuse them for ever.
   * @param running calls
   */
  refuses(running: number): boolean {
    if (this.#state === 'open' || running === 0) return false
    this.#refused++
    return true
  }

  stats(): MemoryStats {
    return {
      limitBytes: this.#limitBytes,
      state: this.#state,
      refused: this.#refused,
      closed: this.#closed,
    }
  }
}
