/** Validators that ask one miner without a pause, each on its own time and never waiting for an answer, and note all of it. */
import { type Axon, LevinError, silentLogger, synapse, Validator } from 'levin'
import { validatorSigner } from './means.js'

const echo = synapse('echo', {})

interface Event {
  readonly validator: number
  readonly at: number
}

export class Load {
  readonly #validators: Validator[]
  readonly #timers: NodeJS.Timeout[]
  readonly #calls: Promise<void>[] = []
  #asked = 0
  readonly acknowledged: number[] = []
  readonly failures: string[] = []
  readonly answers: Event[] = []
  /** Connections that were lost, or could not be made. */
  readonly losses: Event[] = []
  readonly connections: Event[] = []

  /** @param everyMs milliseconds between two requests of one validator */
  constructor(axon: Axon, validators: number, everyMs: number, timeoutMs: number) {
    this.#validators = Array.from({ length: validators }, (_, i) => {
      const validator = new Validator({ signer: validatorSigner(i), logger: silentLogger, timeoutMs })
      validator.on('connection', ({ state }) => {
        const events = state === 'authenticated' ? this.connections : this.losses
        events.push({ validator: i, at: performance.now() })
      })
      return validator
    })
    this.#timers = this.#validators.map((validator, i) =>
      setInterval(() => this.#calls.push(this.#ask(validator, i, axon)), everyMs),
    )
  }

  get size(): number {
    return this.#validators.length
  }

  get asked(): number {
    return this.#asked
  }

  async #ask(validator: Validator, i: number, axon: Axon): Promise<void> {
    const n = this.#asked++
    try {
      await validator.query(axon, echo, { n })
      this.acknowledged.push(n)
      this.answers.push({ validator: i, at: performance.now() })
    } catch (error) {
      this.failures.push(LevinError.from(error).code)
    }
  }

  /** Waits until each validator has had one since then. @returns milliseconds until the last one had */
  async each(of: readonly Event[], since: number, limitMs: number): Promise<number> {
    for (;;) {
      const first = new Map<number, number>()
      for (const { validator, at } of of) if (at >= since && !first.has(validator)) first.set(validator, at)
      if (first.size === this.size) return Math.max(...first.values()) - since
      if (performance.now() - since > limitMs) return Number.POSITIVE_INFINITY
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Asks no more, and waits for what was asked. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#calls)
    for (const validator of this.#validators) validator.close()
  }
}
