/** Listeners of a miner or a validator: typed, cheap when there are none, and no way for one to harm who tells it. */
import type { Clock } from './clock.js'
import { LevinError } from './errors.js'
import type { Logger } from './logger.js'
import { Summary } from './summary.js'

type Listener<E> = (event: E) => void

export class Observers<Events extends object> {
  readonly #listeners: { [K in keyof Events]: Listener<Events[K]>[] }
  readonly #noise: Summary

  constructor(logger: Logger, clock: Clock, kinds: readonly (keyof Events)[]) {
    this.#noise = new Summary(logger, clock)
    this.#listeners = Object.fromEntries(kinds.map((kind) => [kind, []])) as never
  }

  /**
   * @returns what takes the listener away again
   * @throws LevinError CONFIG for what never happens, or cannot be called
   */
  on<K extends keyof Events>(kind: K, listener: Listener<Events[K]>): () => void {
    if (!Object.hasOwn(this.#listeners, kind)) {
      const kinds = Object.keys(this.#listeners).join(', ')
      throw new LevinError('CONFIG', `on(): there is no event '${String(kind)}'; there are ${kinds}`)
    }
    if (typeof listener !== 'function') {
      throw new LevinError('CONFIG', `on(): the listener for '${String(kind)}' is not a function`)
    }
    const listeners = this.#listeners[kind]
    listeners.push(listener)
    return () => {
      const at = listeners.indexOf(listener)
      if (at >= 0) listeners.splice(at, 1)
    }
  }

  /** Whether an event of this kind is worth making. */
  hears(kind: keyof Events): boolean {
    return this.#listeners[kind].length > 0
  }

  /** Tells each listener; one that throws, now or later, is noise in the log, and no more: strangers cause events. */
  tell<K extends keyof Events>(kind: K, event: Events[K]): void {
    const message = `a listener for '${String(kind)}' threw`
    const failed = (error: unknown): void => this.#noise.note(message, message, { error }, 'error')
    for (const listener of [...this.#listeners[kind]]) {
      try {
        const told: unknown = listener(event)
        if (told instanceof Promise) told.catch(failed) // an async function is a listener too
      } catch (error) {
        failed(error)
      }
    }
  }
}
