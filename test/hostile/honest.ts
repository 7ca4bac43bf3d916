/** A validator that does nothing wrong, while others attack its miner. */
import { type Axon, LevinError, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { quantile } from '../faults/report.js'
import { seedOf } from '../interop/options.js'

const echo = synapse('echo', {})
const SEED = 2
/** Of a request; longer than what counts as a hang. */
const TIMEOUT_MS = 20_000

export interface Pace {
  /** Requests that wait for their answers at once. */
  readonly inFlight: number
  /** Milliseconds between two requests; 0 for as fast as it goes. */
  readonly everyMs: number
}

/** What a validator asks of one miner when it asks often. */
export const STEADY: Pace = { inFlight: 64, everyMs: 5 }
export const FULL: Pace = { inFlight: 8, everyMs: 0 }

export interface Service {
  readonly answered: number
  /** Answers a second. */
  readonly rate: number
  readonly p99Ms: number
  /** Codes of what was not answered. */
  readonly failures: readonly string[]
}

export class Honest {
  readonly #validator = new Validator({ signer: seedSigner(seedOf(SEED)), logger: silentLogger })
  readonly #axon: Axon
  readonly #payload = Buffer.alloc(1024, 0x5a)
  #running = 0
  #loop: Promise<void> | undefined
  #stopped = false
  #since = performance.now()
  #latencies: number[] = []
  #failures: string[] = []

  constructor(axon: Axon) {
    this.#axon = axon
  }

  /** Connects, and asks from then on. */
  async start(pace: Pace): Promise<void> {
    await this.#ask()
    this.#loop = this.#run(pace)
    this.mark()
  }

  /** Forgets what was, and counts anew. */
  mark(): void {
    this.#since = performance.now()
    this.#latencies = []
    this.#failures = []
  }

  /** What there was since the last mark. */
  get service(): Service {
    const answered = this.#latencies.length
    const seconds = (performance.now() - this.#since) / 1000
    return {
      answered,
      rate: answered / seconds,
      p99Ms: answered === 0 ? Number.POSITIVE_INFINITY : quantile(this.#latencies, 0.99),
      failures: [...this.#failures],
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#validator.close()
    await this.#loop
  }

  async #run({ inFlight, everyMs }: Pace): Promise<void> {
    if (everyMs === 0) {
      const again = async (): Promise<void> => {
        while (!this.#stopped) await this.#ask()
      }
      await Promise.all(Array.from({ length: inFlight }, again))
      return
    }
    while (!this.#stopped) {
      if (this.#running < inFlight) void this.#ask()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  async #ask(): Promise<void> {
    this.#running++
    const begin = performance.now()
    try {
      await this.#validator.query(this.#axon, echo, { payload: this.#payload }, { timeoutMs: TIMEOUT_MS })
      this.#latencies.push(performance.now() - begin)
    } catch (error) {
      if (!this.#stopped) this.#failures.push(LevinError.from(error).code)
    } finally {
      this.#running--
    }
  }
}
