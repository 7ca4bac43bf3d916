/** Calls without a miner, and a middleware with a handler behind it that finishes when the test says so. */
import { encodeHotkey } from '../../../src/auth/ss58.js'
import { LevinError } from '../../../src/errors.js'
import { LiveCall } from '../../../src/server/call.js'
import { compose } from '../../../src/server/policy/compose.js'
import type { AnyMiddleware } from '../../../src/server/policy/middleware.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../../src/testing/recording-logger.js'
import { EncodedMap } from '../../../src/wire/value.js'
import { turn } from '../../support/frames.js'

export const hotkeyOf = (n: number): string => encodeHotkey(new Uint8Array(32).fill(n))

/** Not the bytes of a map, which nobody here looks into. */
export function callOf(caller: string, synapse = 'asked', bytes = 1): LiveCall {
  return new LiveCall(
    {
      caller,
      remote: { host: '127.0.0.1', port: 1 },
      door: 'quic',
      deadline: 1000,
      logger: new RecordingLogger(),
    },
    { synapseType: synapse, data: {}, encodedData: new EncodedMap(new Uint8Array(bytes)), timestamp: 0 },
  )
}

/** A call on its way: what the dispatcher would do with it. */
export interface Asked {
  readonly name: string
  readonly call: LiveCall
  /** What became of it; undefined while it runs or waits. */
  outcome: unknown
  finish(): void
}

/** A miner's middle: calls come in, pass the middleware, and run until they are finished by hand. */
export class Bench {
  readonly clock = new FakeClock()
  /** Names of the calls that got to the handler, in that order. */
  readonly started: string[] = []
  readonly running = new Map<string, Asked>()
  readonly #run: (call: LiveCall) => Promise<unknown>
  readonly #handlers = new Map<LiveCall, (run: () => void) => void>()

  constructor(middleware: (clock: FakeClock) => AnyMiddleware[]) {
    this.#run = compose(
      middleware(this.clock),
      (call) => new Promise<object>((resolve) => this.#handlers.get(call)!(() => resolve({}))),
    )
  }

  /** Asks, and settles what comes of that at once. */
  async ask(name: string, call: LiveCall): Promise<Asked> {
    const asked = this.askLater(name, call)
    await turn()
    return asked
  }

  askLater(name: string, call: LiveCall): Asked {
    const asked: Asked = { name, call, outcome: undefined, finish: () => {} }
    this.#handlers.set(call, (resolve) => {
      this.started.push(name)
      this.running.set(name, asked)
      asked.finish = resolve
    })
    const over = (outcome: unknown): void => {
      asked.outcome = outcome
      this.running.delete(name)
      call.done()
    }
    this.#run(call).then(
      () => over('answered'),
      (error: unknown) => over(error instanceof LevinError ? error.code : error),
    )
    return asked
  }

  /** Finishes a call that runs, and lets what waits for that happen. */
  async finish(name: string): Promise<void> {
    this.running.get(name)!.finish()
    await turn()
  }
}
