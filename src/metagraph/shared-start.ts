/** Something that several start and stop, each for itself: it begins with the first and ends with the last. */
export class SharedStart {
  readonly #begin: () => Promise<void>
  readonly #end: () => Promise<void>
  #users = 0
  /** How its present run began; undefined while it is not running. */
  #started: Promise<void> | undefined
  /** How its last run ended. */
  #stopped: Promise<void> = Promise.resolve()

  /** @param begin cleans up after itself when it rejects */
  constructor(begin: () => Promise<void>, end: () => Promise<void>) {
    this.#begin = begin
    this.#end = end
  }

  /** @throws what `begin` throws, to all who waited for it; it can be tried again */
  async start(): Promise<void> {
    this.#started ??= this.#stopped.then(this.#begin)
    this.#users++
    const started = this.#started
    try {
      await started
    } catch (error) {
      if (this.#started === started) {
        this.#started = undefined
        this.#users = 0
      }
      throw error
    }
  }

  /** Without a start before it, nothing. */
  async stop(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return
    const ended = this.#started?.then(this.#end, () => {}) // who started hears why it failed
    this.#started = undefined
    if (ended === undefined) return
    this.#stopped = ended.catch(() => {}) // who stops hears of it, and it can be started again
    await ended
  }
}
