/** What a miner's author can write, and what does not compile. Compiled by types.slow.test.ts, never run. */
import { expectTypeOf } from 'vitest'
import {
  type Call,
  type Door,
  type EncodedMap,
  type HttpOptions,
  type LoopTally,
  type Middleware,
  Miner,
  type MinerOptions,
  open,
  type Signer,
  Synapse,
  type SynapseData,
  synapse,
} from '../../src/index.js'
import {
  AnySynapse,
  BytesSynapse,
  Forecast,
  ForecastQuery,
  ForecastSynapse,
  Line,
  LinesSynapse,
  Unrelated,
} from './contract.js'

declare const miner: Miner
declare const signer: Signer
const forecast: Forecast = { celsius: [] }

export class Fine {
  @Synapse(ForecastSynapse)
  plain(_query: ForecastQuery, _call: Call): Forecast {
    return forecast
  }
  @Synapse(ForecastSynapse)
  async later(_query: ForecastQuery): Promise<Forecast> {
    return forecast
  }
  @Synapse(ForecastSynapse)
  withoutParameters() {
    return { celsius: [1] }
  }
  @Synapse('named', { request: ForecastQuery, response: Forecast })
  named(query: ForecastQuery) {
    return { celsius: [query.days] }
  }
  @Synapse('bare')
  bare(query: ForecastQuery) {
    return { city: query.city }
  }
  @Synapse(BytesSynapse)
  async *bytes(): AsyncIterable<Uint8Array> {
    yield new Uint8Array()
  }
  @Synapse(LinesSynapse)
  *lines(_query: ForecastQuery) {
    yield { text: '' }
  }
  @Synapse(AnySynapse)
  any(data: SynapseData, call: Call): SynapseData | EncodedMap {
    return Object.keys(data).length > 0 ? data : call.data
  }
}

export class Wrong {
  // @ts-expect-error answers with another class
  @Synapse(ForecastSynapse)
  answer(_query: ForecastQuery): Unrelated {
    return { height: 1 }
  }
  // @ts-expect-error answers with a field of another type
  @Synapse(ForecastSynapse)
  field(_query: ForecastQuery) {
    return { celsius: ['cold'] }
  }
  // @ts-expect-error answers nothing
  @Synapse(ForecastSynapse)
  async nothing(_query: ForecastQuery): Promise<void> {}
  // @ts-expect-error takes another class
  @Synapse(ForecastSynapse)
  request(_query: Unrelated): Forecast {
    return forecast
  }
  // @ts-expect-error takes another class, by name and options
  @Synapse('named', { request: ForecastQuery, response: Forecast })
  named(_query: Unrelated): Forecast {
    return forecast
  }
  // @ts-expect-error answers with another class, without a class for the request
  @Synapse('bare', { response: Forecast })
  bare(_query: ForecastQuery): Unrelated {
    return { height: 1 }
  }
  // @ts-expect-error a stream is iterated, not returned at once
  @Synapse(BytesSynapse)
  once(_query: ForecastQuery): Forecast {
    return forecast
  }
  // @ts-expect-error a promise of an array is not iterated either
  @Synapse(BytesSynapse)
  async array(_query: ForecastQuery): Promise<Uint8Array[]> {
    return []
  }
  // @ts-expect-error yields another class
  @Synapse(LinesSynapse)
  async *chunks(_query: ForecastQuery) {
    yield { height: 1 }
  }
  // @ts-expect-error yields text where bytes are due
  @Synapse(BytesSynapse)
  async *text(_query: ForecastQuery) {
    yield 'text'
  }
  // @ts-expect-error a generator where one answer is due
  @Synapse(ForecastSynapse)
  async *stream(_query: ForecastQuery) {
    yield forecast
  }
  // @ts-expect-error an option that there is not
  @Synapse('option', { request: ForecastQuery, timeout: 5 })
  option(_query: ForecastQuery) {
    return {}
  }
  // @ts-expect-error a third parameter that nobody gives
  @Synapse(ForecastSynapse)
  third(_query: ForecastQuery, _call: Call, _more: string): Forecast {
    return forecast
  }
}

export function twins(): void {
  miner
    .synapse(ForecastSynapse, (query, call) => {
      expectTypeOf(query).toEqualTypeOf<ForecastQuery>()
      expectTypeOf(call).toEqualTypeOf<Call>()
      return { celsius: [query.days] }
    })
    .synapse(AnySynapse, (data, call) => {
      expectTypeOf(data).toEqualTypeOf<SynapseData>()
      return call.data
    })
    .synapse('named', { request: ForecastQuery, stream: Line }, async function* (query) {
      expectTypeOf(query).toEqualTypeOf<ForecastQuery>()
      yield { text: query.city }
    })
    .synapse('nothing', {}, () => undefined)
  // @ts-expect-error answers with another class
  miner.synapse(ForecastSynapse, () => ({ height: 1 }))
  // @ts-expect-error promises another class
  miner.synapse(ForecastSynapse, async () => ({ height: 1 }))
  // @ts-expect-error takes another class
  miner.synapse(ForecastSynapse, (query: Unrelated) => ({ celsius: [query.height] }))
  // @ts-expect-error a stream is iterated
  miner.synapse(LinesSynapse, () => ({ text: '' }))
  // @ts-expect-error yields another class
  miner.synapse(LinesSynapse, async function* () {
    yield { height: 1 }
  })
  // @ts-expect-error by name: answers with another class
  miner.synapse('named', { request: ForecastQuery, response: Forecast }, () => ({ height: 1 }))
  // @ts-expect-error a name needs its options
  miner.synapse('named', () => ({}))
  // @ts-expect-error by name: an option that there is not, beside one that there is
  miner.synapse('named', { request: ForecastQuery, timeout: 5 }, () => ({}))
}

export async function doors(call: Call): Promise<void> {
  expectTypeOf(call.door).toEqualTypeOf<Door>()
  expectTypeOf<Door>().toEqualTypeOf<'quic' | 'btauth' | 'bittensor10'>()
  // @ts-expect-error whoever has a call does not say how it came
  call.door = 'quic'
  const http: HttpOptions = { host: '::', port: 0, bittensor10: false, limits: { connections: 9 } }
  await miner.listen({ port: 8091, http: true })
  await miner.listen({ port: 8091, http })
  await miner.listen({ port: 8091, http: { tls: { cert: '', key: new Uint8Array() } } })
  await miner.listen({ port: 8091, http: false })
  // @ts-expect-error whether, or how
  await miner.listen({ port: 8091, http: 8092 })
  // @ts-expect-error a door that there is not
  await miner.listen({ port: 8091, http: { quic: true } })
  // @ts-expect-error a certificate without its key
  await miner.listen({ port: 8091, http: { tls: { cert: '' } } })
  // @ts-expect-error a limit that there is not
  await miner.listen({ port: 8091, http: { limits: { sockets: 9 } } })
}

export function definitions(): void {
  // @ts-expect-error an option that there is not
  synapse('x', { reqest: ForecastQuery })
  // @ts-expect-error an option that there is not, beside one that there is
  synapse('x', { request: ForecastQuery, timeout: 5 })
  // @ts-expect-error answered once or with a stream
  synapse('x', { response: Forecast, stream: true })
  // @ts-expect-error true or a class
  synapse('x', { stream: false })
  // @ts-expect-error an instance is not a class
  synapse('x', { request: forecast })
  // @ts-expect-error a name
  synapse({ request: ForecastQuery })
  // @ts-expect-error milliseconds
  synapse('x', { timeoutMs: '5' })
  // @ts-expect-error refuse or drop
  synapse('x', { unknownProperties: 'ignore' })
  // @ts-expect-error a definition does not change
  ForecastSynapse.name = 'other'
  // @ts-expect-error nor do its options
  ForecastSynapse.options.request = Unrelated
}

export function construction(): void {
  new Miner({ signer, access: open() })
  new Miner({ signer, access: async ({ hotkey, remote }) => hotkey !== '' && remote.port > 0 })
  // @ts-expect-error who may come in is not to be forgotten
  new Miner({ signer })
  // @ts-expect-error nor who we are
  new Miner({ access: open() })
  // @ts-expect-error a list is not a policy
  new Miner({ signer, access: [''] })
  // @ts-expect-error an option that there is not
  new Miner({ signer, access: open(), maxStream: 5 })
  // @ts-expect-error a policy answers yes or no
  new Miner({ signer, access: () => 'yes' })
  // @ts-expect-error an instance is not a class
  miner.register(new Fine())
  // @ts-expect-error a scope that there is not
  miner.register(Fine, { scope: 'request' })
  miner.register(Fine, { scope: 'call' })
  expectTypeOf(miner.register(Fine)).toEqualTypeOf<Miner>()
  expectTypeOf<MinerOptions>().toHaveProperty('access')
  new Miner({ signer, access: open(), limits: { queuedBytes: 2 ** 20 } })
  // @ts-expect-error there is no such limit
  new Miner({ signer, access: open(), limits: { queueBytes: 2 ** 20 } })
  // @ts-expect-error a limit is a number
  new Miner({ signer, access: open(), limits: { memoryBytes: '1 GiB' } })
  expectTypeOf(miner.stats().loop.hotkey).toEqualTypeOf<LoopTally | undefined>()
}

export const middleware: Middleware = async (call, next) => {
  expectTypeOf(call).toEqualTypeOf<Call>()
  expectTypeOf(call.signal).toEqualTypeOf<AbortSignal>()
  // @ts-expect-error a call is not changed
  call.caller = 'somebody else'
  return next()
}

// @ts-expect-error middleware answers with a promise
export const sync: Middleware = () => 7

// @ts-expect-error what next() gave is not returned
export const forgets: Middleware = async (_call, next) => {
  await next()
}
// @ts-expect-error what next() gave is not returned
export const drops: Middleware = (_call, next) => {
  next()
}
// @ts-expect-error what next() gave is returned on one way only
export const sometimes: Middleware = async (call, next) => {
  const answer = await next()
  if (call.synapse === 'Forecast') return answer
}
// @ts-expect-error a failure becomes no answer at all
export const swallows: Middleware = (_call, next) => next().catch(() => {})

export const passes: Middleware = (_call, next) => next()
export const answers: Middleware = async (call, next) => (call.synapse === 'any' ? { cached: true } : next())
export const relays: Middleware = async (call) => call.data
export const streams: Middleware = async function answers() {
  return (async function* () {
    yield new Uint8Array()
  })()
}
export const changes: Middleware = async (_call, next) => ({ ...(await next()), more: 1 })
export function inPlace(): void {
  miner.use((_call, next) => next()).use(async (_call, next) => await next())
  // @ts-expect-error the same where it is given to use
  miner.use(async (_call, next) => {
    await next()
  })
}
