/** What can be watched, and how. Compiled by types.slow.test.ts, never run. */
import { Registry } from 'prom-client'
import { expectTypeOf } from 'vitest'
import {
  type Call,
  identify,
  type MetagraphSource,
  Miner,
  type MinerOptions,
  type Validator,
} from '../../src/index.js'
import { type MetricRegistry, type Monitor, metrics, monitor, tracing } from '../../src/monitor/index.js'

declare const options: MinerOptions
declare const source: MetagraphSource
declare const validator: Validator

const plain = new Miner(options)
const adding = new Miner(options).use(identify(source))

export async function watched(): Promise<void> {
  expectTypeOf(await metrics(plain)).toEqualTypeOf<MetricRegistry>()
  expectTypeOf(await metrics(adding, { registry: new Registry() })).toEqualTypeOf<Registry>()
  expectTypeOf(await monitor({ miner: adding, validator, metagraph: source })).toEqualTypeOf<Monitor>()
  await metrics(validator)
  await tracing(plain)
  await tracing(adding)
  await tracing(validator, { propagate: ({ hotkey }) => hotkey !== '' })

  // @ts-expect-error neither a miner nor a validator
  await metrics({})
  // @ts-expect-error a port is a number
  await monitor({ miner: plain, port: '9100' })
  // @ts-expect-error there is no such option
  await tracing(validator, { sample: 0.1 })
}

export const parent = (call: Call): string | undefined => call.traceparent
validator.use((_query, next) =>
  next({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }),
)
// @ts-expect-error a call carries a trace context, and nothing else
validator.use((_query, next) => next({ baggage: 'x' }))
