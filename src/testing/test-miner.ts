import type { Signer } from '../auth/signer.js'
import type { Axon } from '../client/axon.js'
import { LevinError } from '../errors.js'
import type { CallEvent, HandshakeEvent } from '../server/watch.js'
import type { FakeClock } from './fake-clock.js'
import { testKey } from './keys.js'
import type { NeuronFields, TestMetagraph } from './metagraph.js'
import type { RecordingLogger } from './recording-logger.js'
import type { AnyMiner, TestSubnet } from './test-subnet.js'
import { TestValidator, withCause } from './test-validator.js'
import { turn } from './turn.js'

/** How far the clock goes, turn by turn, while a miner stops: what is left of its calls is cut off. */
const STOP_STEP_MS = 1000
/** Past the longest `drainMs`; from there on, a hook that takes its time is waited for as in production. */
const STOP_STEPS = 3_605

/** A miner that listens in memory. */
export class TestMiner<M extends AnyMiner = AnyMiner> implements AsyncDisposable {
  /** As it was built. */
  readonly miner: M
  /** To ask it through a `Validator` of the same subnet. */
  readonly axon: Axon
  readonly subnet: TestSubnet
  /** Why calls failed, as the miner knows it, by caller and synapse. */
  readonly #failed: CallEvent[] = []
  #refused: HandshakeEvent | undefined
  readonly #validators: { close(): void }[] = []
  #closed: Promise<void> | undefined

  /** @internal made by `testMiner`, or `TestSubnet.miner` */
  constructor(miner: M, axon: Axon, subnet: TestSubnet) {
    this.miner = miner
    this.axon = axon
    this.subnet = subnet
    miner.on('call', (event) => {
      if (event.error !== undefined) this.#failed.push(event)
    })
    miner.on('handshake', (event) => {
      if (!event.accepted) this.#refused = event
    })
  }

  /** Stands still until `clock.advance(ms)`. */
  get clock(): FakeClock {
    return this.subnet.clock
  }

  /** The metagraph of its subnet, which the test changes. */
  get metagraph(): TestMetagraph {
    return this.subnet.metagraph
  }

  /** What the miner logged. */
  get log(): RecordingLogger {
    return this.subnet.log
  }

  /**
   * Connects a validator, through the whole handshake: whom the miner's access does not admit gets its refusal here.
   * @param who name of a test key, or a signer
   * @param standing what the metagraph says of it; it stays as it was when nothing is given, and a new one is not registered
   * @throws LevinError HANDSHAKE_REFUSED, with the miner's reason as its `cause`, and whatever else `Validator.connect` throws
   *
   * @example const alice = await miner.as('alice', { stake: 2000, validatorPermit: true })
   */
  async as(who: string | Signer, standing?: NeuronFields): Promise<TestValidator> {
    const signer = typeof who === 'string' ? testKey(who) : who
    const validator = this.subnet.validator(signer, standing)
    this.#validators.push(validator)
    try {
      const connection = await validator.connect(this.axon)
      return new TestValidator(signer.hotkey, connection, (synapse) => this.#why(signer.hotkey, synapse))
    } catch (error) {
      const refused = this.#refused
      const isRefusal = error instanceof LevinError && error.code === 'HANDSHAKE_REFUSED'
      if (!isRefusal || refused?.hotkey !== signer.hotkey) throw error
      throw withCause(error, new LevinError('REFUSED', refused.reason ?? ''))
    }
  }

  /** What a call of theirs failed of, the oldest first that was not told. */
  #why(caller: string, synapse: string): unknown {
    const at = this.#failed.findIndex((event) => event.caller === caller && event.synapse === synapse)
    return at === -1 ? undefined : this.#failed.splice(at, 1)[0]!.error
  }

  /**
   * Closes its validators and stops the miner, with its `@OnStop` hooks. The clock goes on by itself meanwhile, so that a
   * handler that never ends holds up nothing. Idempotent.
   */
  close(): Promise<void> {
    this.#closed ??= this.#stop()
    return this.#closed
  }

  async #stop(): Promise<void> {
    for (const validator of this.#validators) validator.close()
    let isStopped = false
    const stopped = this.miner.close().finally(() => {
      isStopped = true
    })
    for (let step = 0; step < STOP_STEPS && !isStopped; step++) {
      await turn()
      this.clock.advance(STOP_STEP_MS)
    }
    await stopped
  }

  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
