import type { Signer } from '../auth/signer.js'
import type { Axon } from '../client/axon.js'
import type { ValidatorOptions } from '../client/options.js'
import { Validator } from '../client/validator.js'
import { LevinError } from '../errors.js'
import { checkKeys } from '../options.js'
import type { DependencyContainer } from '../server/dispatch/container.js'
import type { Miner } from '../server/miner.js'
import type { MinerOptions } from '../server/options.js'
import { FakeClock } from './fake-clock.js'
import { MINER_HOST, testKey, validatorHost } from './keys.js'
import { type MemoryNetwork, memoryNetwork } from './memory/network.js'
import { type NeuronFields, type TestMetagraph, testMetagraph } from './metagraph.js'
import { type Override, testContainer } from './overrides.js'
import { RecordingLogger } from './recording-logger.js'
import { TestMiner } from './test-miner.js'

/** What an axon's `protocol` is for QUIC. */
const QUIC = 4

/** What a miner of a test is made with; who may come in is for the test to say. */
export type GivenOptions = Required<
  Pick<MinerOptions, 'signer' | 'engine' | 'clock' | 'logger' | 'container'>
>

type Given = 'signer' | 'engine' | 'clock'

/** Makes the miner of a test, best by the function that makes it in production. */
export type BuildMiner<M> = (options: GivenOptions, metagraph: TestMetagraph) => M

/** What a test needs of a miner. */
export type AnyMiner = Pick<Miner, 'hotkey' | 'listen' | 'close' | 'on'>

/** What of a miner is another in the test. */
export interface TestMinerOptions {
  /** What is injected in place of which services. Threads of handlers with `worker` make their own, and hear nothing of it. */
  readonly overrides?: readonly Override[]
  /** Name of the miner's key. Default `miner`. */
  readonly key?: string
  /** Where the application registers its services. Default: tsyringe's global container. */
  readonly container?: DependencyContainer
}

/** Miners and validators on one network in memory, with one clock and one metagraph. */
export class TestSubnet implements AsyncDisposable {
  readonly network: MemoryNetwork = memoryNetwork()
  /** Stands still until `clock.advance(ms)`. */
  readonly clock = new FakeClock()
  readonly metagraph: TestMetagraph = testMetagraph()
  /** What the miners and validators log. */
  readonly log = new RecordingLogger()
  readonly #miners: TestMiner[] = []
  readonly #validators: Validator[] = []

  /**
   * Makes a miner and lets it listen; it is registered, with its axon, in the metagraph.
   * @throws LevinError CONFIG when `build` made the miner without the options that it was given, and what `listen` throws
   */
  async miner<M extends AnyMiner>(
    build: BuildMiner<M>,
    options: TestMinerOptions = {},
  ): Promise<TestMiner<M>> {
    checkKeys('testMiner', options, ['overrides', 'key', 'container'])
    const { overrides = [], key = 'miner', container } = options
    const signer = testKey(key)
    const miner = build(
      {
        signer,
        engine: this.network.at(MINER_HOST),
        clock: this.clock,
        logger: this.log,
        container: testContainer(overrides, container),
      },
      this.metagraph,
    )
    if (miner?.hotkey !== signer.hotkey) throw madeWithout('signer')
    const { host, port } = await miner.listen({ port: 0 })
    if (host !== MINER_HOST) {
      await miner.close()
      throw madeWithout('engine')
    }
    const axon: Axon = { hotkey: signer.hotkey, host, port }
    this.metagraph.put(axon, { active: true, axon: { host, port, protocol: QUIC } })
    const made = new TestMiner(miner, axon, this)
    this.#miners.push(made)
    return made
  }

  /**
   * A validator, to try what asks: it is closed with the subnet.
   * @param who name of a test key, or a signer
   * @param standing what the metagraph says of it; it is not registered when nothing is given
   * @param options of `new Validator`, besides those that make it one of this subnet
   * @throws LevinError CONFIG as `new Validator` does
   */
  validator(
    who: string | Signer,
    standing?: NeuronFields,
    options: Partial<Omit<ValidatorOptions, Given>> = {},
  ): Validator {
    const signer = typeof who === 'string' ? testKey(who) : who
    if (standing !== undefined) this.metagraph.put(signer, standing)
    const engine = this.network.at(validatorHost(signer.hotkey))
    const validator = new Validator({ logger: this.log, ...options, signer, engine, clock: this.clock })
    this.#validators.push(validator)
    return validator
  }

  /** Closes the validators, then the miners, whose calls nobody waits for any more. Idempotent. */
  async close(): Promise<void> {
    for (const validator of this.#validators.splice(0)) validator.close()
    for (const miner of this.#miners.splice(0)) await miner.close()
  }

  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const madeWithout = (option: keyof GivenOptions): LevinError =>
  new LevinError(
    'CONFIG',
    `testMiner: the miner was made without the ${option} that the function is given: ` +
      'write (options) => new Miner({ ...options, access }), and return the miner',
  )

/** An empty subnet. */
export const testSubnet = (): TestSubnet => new TestSubnet()

/**
 * One miner in memory, with a clock and a metagraph of its own: no socket, no QUIC, and every step above them as in
 * production. Its validators are made by `as`. Close it when the test is over, or declare it with `await using`.
 *
 * @param build makes the miner of what it is given: `(options, metagraph) => new Miner({ ...options, access: ... })`
 * @throws LevinError CONFIG when `build` did not use the options, and what `listen` throws
 *
 * @example
 * const miner = await testMiner(
 *   (options, metagraph) => new Miner({ ...options, access: minStake(1000, metagraph) }).register(ForecastMiner),
 *   { overrides: [override(WeatherModel, { run: () => [21] })] },
 * )
 * const alice = await miner.as('alice', { stake: 2000 })
 * const { data } = await alice.query(Forecast, { city: 'Oslo', days: 1 })
 */
export const testMiner = <M extends AnyMiner>(
  build: BuildMiner<M>,
  options?: TestMinerOptions,
): Promise<TestMiner<M>> => new TestSubnet().miner(build, options)
