import type { Clock } from '../clock.js'

/** How often it looks, in each time limit: a request is lost between one limit and a quarter more. */
const LOOKS = 4

/** A request and its answer. */
export interface Watched {
  /**
   * How far the peer has come with what only it can do: sending its request, or taking the answer. Undefined when it is not
   * its turn.
   */
  progress(): number | undefined
  /** Ends it without an answer. */
  abandon(): void
}

interface Stand {
  readonly progress: number
  /** Looks since it came to this. */
  readonly looks: number
}

/**
 * Gives up requests whose peer does nothing for too long: neither sends the one that it began, nor takes the answer.
 * It looks at all of them now and then, so that a call costs nothing for it.
 */
export class ProgressWatch {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #watched: () => Iterable<Watched>
  readonly #lost: () => void
  #stands = new Map<Watched, Stand>()
  #cancelTimer: (() => void) | undefined

  /**
   * @param watched all that there are
   * @param lost is called for each that is given up
   */
  constructor(clock: Clock, timeoutMs: number, watched: () => Iterable<Watched>, lost: () => void) {
    this.#clock = clock
    this.#everyMs = timeoutMs / LOOKS
    this.#watched = watched
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
    for (const watched of this.#watched()) this.#lookAt(watched, before.get(watched))
  }

  #lookAt(watched: Watched, before: Stand | undefined): void {
    const progress = watched.progress()
    if (progress === undefined) return
    const looks = progress === before?.progress ? before.looks + 1 : 0
    if (looks < LOOKS) {
      this.#stands.set(watched, { progress, looks })
      return
    }
    this.#lost()
    watched.abandon()
  }
}
