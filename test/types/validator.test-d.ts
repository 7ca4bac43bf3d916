/** What a validator's author can write, and what does not compile. Compiled by types.test.ts, never run. */
import { expectTypeOf } from 'vitest'
import {
  type Answer,
  type Axon,
  EncodedMap,
  type MinerConnection,
  type SynapseData,
  Validator,
} from '../../src/index.js'
import * as contract from './contract.js'
import {
  AnySynapse,
  BytesSynapse,
  type Forecast,
  ForecastSynapse,
  type Line,
  LinesSynapse,
  SlowSynapse,
} from './contract.js'

declare const miner: MinerConnection
declare const validator: Validator
declare const axon: Axon
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
  // @ts-expect-error a validator needs a signer
  new Validator({})
  // @ts-expect-error an option that there is not
  new Validator({ signer: { hotkey: '', sign: () => new Uint8Array() }, timeout: 5 })
  // @ts-expect-error an axon has a port
  void validator.connect({ hotkey: '', host: '' })
}
