/** How far the run is, on standard error: one line that changes on a terminal, a line now and then elsewhere. */
const QUIET_MS = 5_000

export class Progress {
  readonly #total: number
  readonly #started = performance.now()
  #done = 0
  #printed = 0

  constructor(total: number) {
    this.#total = total
  }

  /** What starts now. */
  start(what: string): void {
    const left = this.#done === 0 ? '' : `, about ${this.#left()} left`
    this.#print(`${this.#done + 1} of ${this.#total}: ${what}${left}`)
    this.#done++
  }

  #left(): string {
    const each = (performance.now() - this.#started) / this.#done
    const seconds = Math.ceil((each * (this.#total - this.#done)) / 1000)
    return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
  }

  #print(line: string): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${line}`)
      return
    }
    const now = performance.now()
    if (this.#printed > 0 && now - this.#printed < QUIET_MS) return
    this.#printed = now
    process.stderr.write(`${line}\n`)
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}
