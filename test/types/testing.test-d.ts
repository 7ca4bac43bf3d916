/** What compiles with `levin/testing`, and what must not. Never run: `types.slow.test.ts` compiles it. */
import { allowlist, Miner } from '../../src/index.js'
import { override, testMiner, testSubnet } from '../../src/testing/index.js'
import { BytesSynapse, Forecast, ForecastSynapse } from './contract.js'

class Model {
  readonly #secret = 1
  constructor(private readonly url: string) {}
  run(city: string): number[] {
    return [city.length, this.#secret, this.url.length]
  }
}

override(Model, { run: (city) => [city.length] }) // private fields need no fake
override('model', 7)
override(Symbol('model'), { anything: true })
// @ts-expect-error: the fake lacks what others call
override(Model, {})
// @ts-expect-error: the fake gives something else
override(Model, { run: () => ['cold'] })

const access = allowlist([])
const miner = await testMiner((options) =>
  new Miner({ ...options, access }).use((_call, next: (adds: { tenant: string }) => Promise<object>) =>
    next({ tenant: '' }),
  ),
)
// the miner is there as it was built, with what its middleware adds
miner.miner.use((_call, next) => next()).hotkey satisfies string

// @ts-expect-error: who may come in has no default
await testMiner((options) => new Miner(options))
// @ts-expect-error: the function returns the miner
await testMiner((options) => void new Miner({ ...options, access }))

const alice = await miner.as('alice', { stake: 1, validatorPermit: true })
// @ts-expect-error: no field of a neuron
await miner.as('alice', { steak: 1 })
// @ts-expect-error: a stake is a number
await miner.as('alice', { stake: '1' })

const { data } = await alice.query(ForecastSynapse, { city: 'Oslo', days: 1 })
data satisfies Forecast
// @ts-expect-error: not what the request declares
await alice.query(ForecastSynapse, { town: 'Oslo' })
// @ts-expect-error: a stream is not queried
await alice.query(BytesSynapse, { city: 'Oslo' })

await using subnet = testSubnet()
subnet.validator('alice').hotkey satisfies string
