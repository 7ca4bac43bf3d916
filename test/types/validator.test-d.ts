/** What a validator's author can write, and what does not compile. Compiled by types.slow.test.ts, never run. */
import { expectTypeOf } from 'vitest'
import {
  type Answer,
  type Axon,
  type Door,
  EncodedMap,
  type MetagraphSource,
  type MinerConnection,
  type Outcome,
  type QueryMiddleware,
  retry,
  type SynapseData,
  Validator,
} from '../../src/index.js'
import * as contract from './contract.js'
import {
  AnySynapse,
  BytesSynapse,
  type Forecast,
  ForecastSynapse,
  IdempotentSynapse,
  type Line,
  LinesSynapse,
  SlowSynapse,
} from './contract.js'

declare const miner: MinerConnection
declare const validator: Validator
declare const axon: Axon
declare const source: MetagraphSource
const query = { city: 'Oslo', days: 3 }

export async function answers(): Promise<void> {
  expectTypeOf(await miner.query(ForecastSynapse, query)).toEqualTypeOf<Answer<Forecast>>()
  expectTypeOf((await miner.query(ForecastSynapse, query)).data.celsius).toEqualTypeOf<number[]>()
  expectTypeOf((await miner.query(ForecastSynapse, query)).latencyMs).toEqualTypeOf<number>()
  expectTypeOf((await miner.query(AnySynapse, {})).data).toEqualTypeOf<SynapseData>()
  expectTypeOf((await miner.query(SlowSynapse, query)).data).toEqualTypeOf<SynapseData>()
  await miner.query(AnySynapse, new EncodedMap(new Uint8Array([0x80])))
  await miner.query(ForecastSynapse, query, { timeoutMs: 5, signal: new AbortController().signal })
  expectTypeOf(miner.stream(BytesSynapse, query)).toEqualTypeOf<AsyncIterableIterator<Uint8Array>>()
  expectTypeOf(miner.stream(LinesSynapse, query)).toEqualTypeOf<AsyncIterableIterator<Line>>()
  expectTypeOf(await validator.connect(axon)).toEqualTypeOf<MinerConnection>()
}

export function requests(): void {
  // @ts-expect-error a field that the class does not have
  void miner.query(ForecastSynapse, { city: 'Oslo', dayz: 3 })
  // @ts-expect-error a field more than the class has
  void miner.query(ForecastSynapse, { city: 'Oslo', days: 3, hours: 1 })
  // @ts-expect-error a field is missing
  void miner.query(ForecastSynapse, { city: 'Oslo' })
  // @ts-expect-error a field of another type
  void miner.query(ForecastSynapse, { city: 'Oslo', days: '3' })
  // @ts-expect-error no request at all
  void miner.query(ForecastSynapse)
  // @ts-expect-error the same for streams
  miner.stream(LinesSynapse, { city: 'Oslo' })
  // @ts-expect-error bytes are for definitions without a class
  void miner.query(ForecastSynapse, new EncodedMap(new Uint8Array([0x80])))
  // @ts-expect-error what MessagePack cannot hold
  void miner.query(AnySynapse, { when: new Date() })
  // @ts-expect-error an option that there is not
  void miner.query(ForecastSynapse, query, { timeout: 5 })
}

export function definitions(): void {
  // @ts-expect-error a name is not a definition
  void miner.query('Forecast', query)
  // @ts-expect-error a name is not a definition
  miner.stream('Lines', query)
  // @ts-expect-error misspelt: the contract has no such synapse
  void miner.query(contract.ForcastSynapse, query)
  // @ts-expect-error a synapse that answers with a stream
  void miner.query(BytesSynapse, query)
  // @ts-expect-error a synapse that answers with a stream of instances
  void miner.query(LinesSynapse, query)
  // @ts-expect-error a synapse that answers once
  miner.stream(ForecastSynapse, query)
  // @ts-expect-error a synapse that answers once, without classes
  miner.stream(AnySynapse, {})
}

export async function results(): Promise<void> {
  const { data } = await miner.query(ForecastSynapse, query)
  // @ts-expect-error the answer has no such field
  data.fahrenheit
  // @ts-expect-error the field has another type
  data.celsius satisfies string
  // @ts-expect-error a stream is no promise of an answer
  ;(await miner.stream(LinesSynapse, query)).data
  for await (const line of miner.stream(LinesSynapse, query)) {
    expectTypeOf(line.text).toEqualTypeOf<string>()
    // @ts-expect-error a chunk has no such field
    line.words
  }
}

export function construction(): void {
  const signer = { hotkey: '', sign: () => new Uint8Array() }
  new Validator({ signer, answerMemoryBytes: 2 ** 25 })
  // @ts-expect-error a number of bytes
  new Validator({ signer, answerMemoryBytes: '32 MiB' })
  // @ts-expect-error a validator needs a signer
  new Validator({})
  // @ts-expect-error an option that there is not
  new Validator({ signer, timeout: 5 })
  // @ts-expect-error an axon has a port
  void validator.connect({ hotkey: '', host: '' })
}

export async function many(): Promise<void> {
  const listed = [{ ...axon, uid: 7 }]
  const outcomes = await validator.queryAll(listed, ForecastSynapse, query, { enough: 3, deadlineMs: 9 })
  expectTypeOf(outcomes).toEqualTypeOf<Outcome<Forecast, (typeof listed)[number]>[]>()
  const [outcome] = outcomes
  if (outcome === undefined) return
  expectTypeOf(outcome.axon.uid).toEqualTypeOf<number>()
  // @ts-expect-error whether it is ok was not looked at
  outcome.data
  // @ts-expect-error whether it is ok was not looked at
  outcome.code
  if (outcome.ok) expectTypeOf(outcome.data).toEqualTypeOf<Forecast>()
  else {
    // @ts-expect-error there is no data of a call that failed
    outcome.data
  }
  await validator.queryAll(listed, ForecastSynapse, ({ uid }) => ({ city: 'Oslo', days: uid }))
  // @ts-expect-error a field is missing
  await validator.queryAll(listed, ForecastSynapse, { city: 'Oslo' })
  // @ts-expect-error a field is missing in what the function makes
  await validator.queryAll(listed, ForecastSynapse, () => ({ city: 'Oslo' }))
  // @ts-expect-error an option that there is not
  await validator.queryAll(listed, ForecastSynapse, query, { timeout: 5 })
  // @ts-expect-error a synapse that answers with a stream
  await validator.queryAll(listed, BytesSynapse, query)
  for await (const each of validator.streamEach(listed, LinesSynapse, query)) {
    if (each.ok) expectTypeOf(each.data).toEqualTypeOf<Line[]>()
  }
  expectTypeOf((await validator.query(axon, ForecastSynapse, query)).data).toEqualTypeOf<Forecast>()
  expectTypeOf(validator.stream(axon, LinesSynapse, query)).toEqualTypeOf<AsyncIterableIterator<Line>>()
}

export async function doors(): Promise<void> {
  expectTypeOf(axon.door).toEqualTypeOf<Door | undefined>()
  await validator.query({ ...axon, door: 'btauth' }, ForecastSynapse, query)
  // @ts-expect-error a door that there is not
  await validator.query({ ...axon, door: 'http' }, ForecastSynapse, query)
  await validator.follow(source, { doors: ['quic', 'bittensor10'] })
  const fixed = ['bittensor10'] as const
  await validator.follow(source, { doors: fixed })
  // @ts-expect-error a door that there is not
  await validator.follow(source, { doors: ['quic', 'http'] })
  // @ts-expect-error a list
  await validator.follow(source, { doors: 'quic' })
  expectTypeOf(validator.stats().miners['']!.door).toEqualTypeOf<Door | undefined>()
  validator.on('connection', ({ door }) => expectTypeOf(door).toEqualTypeOf<Door | undefined>())
}

export function middleware(): void {
  const logged: QueryMiddleware = (_query, next) => next()
  validator.use(logged).use(retry([IdempotentSynapse], { attempts: 3 }))
  // @ts-expect-error a request of it may not run twice
  validator.use(retry([ForecastSynapse]))
  // @ts-expect-error one of them may not run twice
  validator.use(retry([IdempotentSynapse, SlowSynapse]))
  // @ts-expect-error a middleware that answers nothing
  validator.use(async (_query, next) => {
    await next()
  })
  // @ts-expect-error a code that there is not
  retry([IdempotentSynapse], { on: ['TIMEOUT'] })
  validator.on('call', ({ outcome }) => outcome === 'TIMED_OUT')
  // @ts-expect-error what never happens
  validator.on('handshake', () => {})
}
