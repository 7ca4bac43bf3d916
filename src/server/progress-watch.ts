import type { Clock } from '../clock.js'
import type { Link, LinkStream } from '../transport/link.js'
import { Exchange } from './exchange.js'

/** How often it looks, in each time limit: a stream is lost between one limit and a quarter more. */
const LOOKS = 4

interface Stand {
  readonly progress: number
  /** Looks since it came to this. */
  readonly looks: number
}

/**
 * Gives up streams whose peer does nothing for too long: neither sends the request that it began, nor takes the answer.
 * It looks at all streams now and then, so that a call costs nothing for it.
 */
export class ProgressWatch {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #links: () => Iterable<Link>
  readonly #lost: () => void
  #stands = new Map<LinkStream, Stand>()
  #cancelTimer: (() => void) | undefined

  /**
   * @param links those whose streams are watched
   * @param lost is called for each stream that is given up
   */
  constructor(clock: Clock, timeoutMs: number, links: () => Iterable<Link>, lost: () => void) {
    this.#clock = clock
    this.#everyMs = timeoutMs / LOOKS
    this.#links = links
    this.#lost = lost
  }

  start(): void {
    this.#cancelTimer = this.#clock.after(this.#everyMs, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#cancelTimer?.()
  }

  #look(): void {
    const before = this.#stands
    this.#stands = new Map()
    for (const link of this.#links()) {
      for (const stream of link.streams()) this.#lookAt(stream, before.get(stream))
    }
  }

  #lookAt(stream: LinkStream, before: Stand | undefined): void {
    const exchange = stream.events
    const progress = exchange instanceof Exchange ? exchange.progress() : undefined
    if (progress === undefined) return
    const looks = progress === before?.progress ? before.looks + 1 : 0
    if (looks < LOOKS) {
      this.#stands.set(stream, { progress, looks })
      return
    }
    this.#lost()
    exchange.onReset('the peer does nothing')
    stream.reset()
  }
}
