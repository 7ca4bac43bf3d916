/** Another way to a miner whose connection has fallen silent, looked for as long as the silence lasts. */
import type { Clock } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Attempt } from './attempt.js'
import { Backoff, type Reconnecting } from './backoff.js'

export class Standby {
  readonly #begin: () => Attempt
  readonly #onReached: () => void
  readonly #clock: Clock
  readonly #backoff: Backoff
  #attempt: Attempt | undefined
  #isWanted = false
  #cancelTimer: () => void = () => {}

  /** @param onReached told when there is another way, which `handOver` gives */
  constructor(begin: () => Attempt, reconnecting: Reconnecting, clock: Clock, onReached: () => void) {
    this.#begin = begin
    this.#onReached = onReached
    this.#clock = clock
    this.#backoff = new Backoff(reconnecting)
  }

  /** What is heard of the connection. An attempt that the miner may have accepted goes on: it would replace the other one. */
  silence(isSilent: boolean): void {
    this.#isWanted = isSilent
    if (isSilent) this.#try()
    else if (this.#attempt?.isProving !== true) this.stop()
  }

  #try(): void {
    this.#cancelTimer()
    if (this.#attempt !== undefined) return
    const attempt = this.#begin()
    this.#attempt = attempt
    attempt.result.then(
      () => {
        if (this.#attempt === attempt) this.#onReached()
      },
      () => {
        if (this.#attempt !== attempt) return
        this.#attempt = undefined
        if (this.#isWanted) this.#tryLater()
      },
    )
  }

  #tryLater(): void {
    const now = this.#clock.monotonicMs()
    this.#backoff.failed(now, Math.random())
    this.#cancelTimer = this.#clock.after(this.#backoff.waitMs(now), () => this.#try())
  }

  /** The attempt that runs, or has succeeded, which is the caller's from here on. */
  handOver(): Attempt | undefined {
    const attempt = this.#attempt
    this.#attempt = undefined
    this.stop()
    return attempt
  }

  stop(): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    this.#isWanted = false
    this.#cancelTimer()
    attempt?.giveUp(new LevinError('ABORTED', 'the other connection is heard again'))
  }
}
