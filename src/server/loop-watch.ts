/**
 * Names the handler that kept the event loop to itself, and with it every other call. What a handler does before its
 * first await is timed; what it does later shows in a timer that comes late.
 */
import type { Clock } from '../clock.js'
import type { LogFields, Logger } from '../logger.js'
import { activity, began, ended, isRunning } from '../watchdog/watchdog.js'
import type { Invoke } from './dispatch/route.js'
import type { Observers } from './watch.js'

const BEAT_MS = 100

/** How long no second warning is written about the same synapse; those in between are counted. */
const QUIET_MS = 10_000

/** Under this name are the warnings for which no single synapse can be blamed. No synapse has an empty name. */
const UNKNOWN = ''

export interface LoopWatchSettings {
  /** Milliseconds without a turn of the loop that are worth a warning. */
  readonly blockedMs: number
  readonly clock: Clock
  readonly logger: Logger
}

export class LoopWatch {
  readonly #settings: LoopWatchSettings
  readonly #observers: Observers
  readonly #running: () => Iterable<string>
  readonly #took: (caller: string, ms: number) => void
  /** Synapses that ran at any time since the last beat. */
  readonly #seen = new Set<string>()
  readonly #warned = new Map<string, { readonly atMs: number; suppressed: number }>()
  /** Milliseconds since the last beat that a handler was named for already. */
  #explainedMs = 0
  #cancelTimer: (() => void) | undefined

  /**
   * @param running the synapses that have calls running now; asked once a beat
   * @param took is told how long each handler had the loop, and whose call it was
   */
  constructor(
    settings: LoopWatchSettings,
    observers: Observers,
    running: () => Iterable<string>,
    took: (caller: string, ms: number) => void,
  ) {
    this.#settings = settings
    this.#observers = observers
    this.#running = running
    this.#took = took
  }

  /** The same handler, timed up to its first await. Costs two looks at the clock. */
  timed(synapse: string, invoke: Invoke): Invoke {
    const { blockedMs, clock } = this.#settings
    const id = activity(synapse)
    return (request, call) => {
      this.#seen.add(synapse)
      began(id)
      const beganMs = clock.monotonicMs()
      try {
        return invoke(request, call)
      } finally {
        ended()
        const ms = clock.monotonicMs() - beganMs
        this.#took(call.caller, ms)
        if (ms >= blockedMs) this.#handlerBlocked(synapse, ms)
      }
    }
  }

  start(): void {
    const { blockedMs, clock } = this.#settings
    const dueMs = clock.monotonicMs() + BEAT_MS
    this.#cancelTimer = clock.after(BEAT_MS, () => {
      const unexplainedMs = clock.monotonicMs() - dueMs - this.#explainedMs
      if (unexplainedMs >= blockedMs) this.#someoneBlocked(unexplainedMs)
      this.#explainedMs = 0
      this.#seen.clear()
      for (const synapse of this.#running()) this.#seen.add(synapse)
      isRunning([...this.#seen])
      this.start()
    })
  }

  stop(): void {
    this.#cancelTimer?.()
  }

  #handlerBlocked(synapse: string, ms: number): void {
    this.#explainedMs += ms
    this.#observers.tell('blocked', { ms, synapse })
    this.#warn(synapse, `the handler of '${synapse}' blocked the event loop: run it with worker`, ms, {
      synapse,
    })
  }

  #someoneBlocked(ms: number): void {
    this.#observers.tell('blocked', { ms, synapse: undefined })
    const candidates = [...new Set([...this.#seen, ...this.#running()])]
    this.#warn(UNKNOWN, 'the event loop was blocked', ms, { candidates })
  }

  #warn(about: string, message: string, ms: number, fields: LogFields): void {
    const nowMs = this.#settings.clock.monotonicMs()
    const last = this.#warned.get(about)
    if (last !== undefined && nowMs - last.atMs < QUIET_MS) {
      last.suppressed++
      return
    }
    this.#warned.set(about, { atMs: nowMs, suppressed: 0 })
    const suppressed = last?.suppressed ?? 0
    this.#settings.logger.warn(message, { ms: Math.round(ms), ...fields, suppressed })
  }
}
