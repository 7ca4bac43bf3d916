/** What middleware adds and needs, and which orders do not compile. Compiled by types.slow.test.ts, never run. */
import { expectTypeOf } from 'vitest'
import {
  type Call,
  type Middleware,
  Miner,
  type MinerOptions,
  type Next,
  Synapse,
  type SynapseData,
} from '../../src/index.js'
import type { MetagraphSource, Neuron } from '../../src/metagraph/source.js'
import { blacklist } from '../../src/server/policy/blacklist.js'
import { bodyLimit } from '../../src/server/policy/body-limit.js'
import { concurrency } from '../../src/server/policy/concurrency.js'
import { type Identified, identify } from '../../src/server/policy/identify.js'
import { priority } from '../../src/server/policy/priority.js'
import { rateLimit } from '../../src/server/policy/rate-limit.js'
import { timeout } from '../../src/server/policy/timeout.js'
import { AnySynapse } from './contract.js'

declare const miner: Miner
declare const options: MinerOptions
declare const source: MetagraphSource

type WithNeuron = { neuron: Neuron | undefined }
const byStake = priority((call: Call & WithNeuron) => call.neuron?.stake ?? 0)

export class AsksForNeuron {
  @Synapse(AnySynapse)
  any(_data: SynapseData, call: Call & WithNeuron): SynapseData {
    expectTypeOf(call.neuron).toEqualTypeOf<Neuron | undefined>()
    return {}
  }
}

export class MayTakeNeuron {
  @Synapse(AnySynapse)
  any(_data: SynapseData, call?: Call & WithNeuron): SynapseData {
    return { uid: call?.neuron?.uid ?? -1 }
  }
}

export class MayTakeCall {
  @Synapse(AnySynapse)
  any(_data: SynapseData, call?: Call): SynapseData {
    return { id: call?.id ?? '' }
  }
  @Synapse(AnySynapse)
  anything(_data: SynapseData, _call: unknown): SynapseData {
    return {}
  }
  helper(_text: string, _optional?: number): void {}
}

export class Hidden {
  // @ts-expect-error the miner's register could not see what it takes
  @Synapse(AnySynapse)
  private mine(_data: SynapseData, _call: Call & WithNeuron): SynapseData {
    return this.ours(_data, _call)
  }
  // @ts-expect-error nor here
  @Synapse(AnySynapse)
  protected ours(_data: SynapseData, _call: Call & WithNeuron): SynapseData {
    return this.mine(_data, _call)
  }
}

const byToken = Symbol('method')
export class Fine<T extends string = string> {
  @Synapse(AnySynapse)
  [byToken](_data: SynapseData, _call: Call): SynapseData {
    return {}
  }
  @Synapse(AnySynapse)
  'a name with blanks'(_data: SynapseData, _call: Call & { of?: T }): SynapseData {
    return {}
  }
}

export abstract class Base {
  @Synapse(AnySynapse)
  any(_data: SynapseData, call: Call): SynapseData {
    return this.answer(call)
  }
  protected abstract answer(call: Call): SynapseData
}

export class WrongCall {
  // @ts-expect-error a call is no text
  @Synapse(AnySynapse)
  any(_data: SynapseData, _call: string): SynapseData {
    return {}
  }
}

export function order(): void {
  const identified = miner.use(identify(source))
  identified.use(byStake)
  identified.use(priority(async (call: Call & Identified) => call.neuron?.stake ?? 0, { concurrency: 4 }))
  identified.use(rateLimit({ by: (call: Call & WithNeuron) => `${call.neuron?.uid}` }))
  identified.use(
    blacklist({ when: (call: Call & WithNeuron) => call.neuron === undefined && 'not registered' }),
  )
  // @ts-expect-error nothing before it says who the neuron is
  miner.use(byStake)
  // @ts-expect-error nor for another
  miner.use(rateLimit({ by: (call: Call & WithNeuron) => `${call.neuron?.uid}` }))
  // @ts-expect-error nor for a third
  miner.use(blacklist({ when: (call: Call & WithNeuron) => call.neuron === undefined }))
  // @ts-expect-error what comes after does not help what comes before
  miner.use(byStake).use(identify(source))
  // @ts-expect-error a middleware of one's own that needs it
  miner.use(((_call, next) => next()) satisfies Middleware<object, WithNeuron> as Middleware<
    object,
    WithNeuron
  >)
}

export function twice(): void {
  // @ts-expect-error the call has a neuron already
  miner.use(identify(source)).use(identify(source))
  const caller: Middleware<{ caller: number }> = (_call, next) => next({ caller: 1 })
  // @ts-expect-error every call has a caller
  miner.use(caller)
  const body: Middleware<{ body: string }> = (_call, next) => next({ body: '' })
  // @ts-expect-error every call has a body too, which only Levin sees
  miner.use(body)
  const some: Middleware<{ body?: string; mine: string }> = (_call, next) => next({ mine: '' })
  // @ts-expect-error one of several
  miner.use(some)
  const mine: Middleware<{ mine: string }> = (_call, next) => next({ mine: '' })
  const needing: Middleware<{ more: number }, { mine: string }> = (call, next) =>
    next({ more: call.mine.length })
  miner
    .use(mine)
    .use(needing)
    .use((call, next) => {
      expectTypeOf(call.mine).toEqualTypeOf<string>()
      return next()
    })
    .synapse(AnySynapse, (_data, call) => ({ both: call.mine.length + call.more }))
  miner.use((call, next: Next<{ mine: string }>) => next({ mine: call.id })).use(needing)
}

export const guarded = <A extends object>(given: Miner<A>): Miner<A> =>
  given.use(rateLimit()).use(timeout(1)).register(MayTakeCall)

export function context(): void {
  const withoutUse = new Miner(options)
  expectTypeOf(withoutUse).toEqualTypeOf<Miner>()
  const annotated: Miner<Identified> = new Miner(options).use(identify(source))
  const takesAny = (_miner: Miner): void => {}
  const takesIdentified = (_miner: Miner<Identified>): void => {}
  takesAny(annotated)
  takesAny(withoutUse)
  takesIdentified(annotated)
  takesIdentified(new Miner(options).use(identify(source)).use(byStake))
  // @ts-expect-error nothing identifies
  const bare: Miner<Identified> = new Miner(options)
  // @ts-expect-error nor here
  takesIdentified(new Miner(options))
  // @ts-expect-error nor before
  takesIdentified(withoutUse)
  // @ts-expect-error nor because somebody says so
  new Miner<Identified>(options)
  return void bare
}

export function added(): void {
  miner
    .use(identify(source))
    .use(byStake)
    .synapse(AnySynapse, (_data, call) => {
      expectTypeOf(call.neuron).toEqualTypeOf<Neuron | undefined>()
      // @ts-expect-error a neuron that may not be there
      call.neuron.stake
      return {}
    })
    .register(AsksForNeuron)
  // @ts-expect-error registered before anything adds it
  miner.register(AsksForNeuron)
  miner.use(identify(source)).register(MayTakeNeuron)
  // @ts-expect-error it is not optional what a call has
  miner.register(MayTakeNeuron)
  miner.synapse(AnySynapse, (_data, call) => {
    // @ts-expect-error nobody added it
    call.neuron
    return {}
  })
}

export function withoutNeeds(): void {
  const all = miner
    .use(rateLimit())
    .use(blacklist({ hotkeys: [''], when: (call) => call.synapse === '' }))
    .use(bodyLimit({ default: 1, synapses: { Forecast: 2 } }))
    .use(timeout(1))
    .use(concurrency({ Forecast: 1 }, { maxWaiting: 1 }))
    .use(priority((call) => call.deadline, { synapses: { Forecast: { concurrency: 1 } } }))
    .use(priority(() => 0))
  expectTypeOf(all).toEqualTypeOf<Miner>()
}

export function pluginOptions(): void {
  // @ts-expect-error an option that there is not
  rateLimit({ perMinute: 1 })
  // @ts-expect-error an option that there is not
  blacklist({ hotkey: '' })
  // @ts-expect-error an option that there is not
  priority(() => 0, { maxWait: 1 })
  // @ts-expect-error an option of all, not of one synapse
  priority(() => 0, { synapses: { Forecast: { agingMs: 1 } } })
  // @ts-expect-error a number
  priority((call) => call.caller)
  // @ts-expect-error synapses are named under `synapses`
  timeout({ Forecast: 1 })
  // @ts-expect-error a source, not a neuron
  identify({ hotkey: '', uid: 1, stake: 1, validatorPermit: true })
  // @ts-expect-error set takes what the factory takes
  byStake.set({ concurrency: 1 })
  expectTypeOf(byStake.stats().synapses).toEqualTypeOf<
    Readonly<Record<string, ReturnType<typeof byStake.stats>['synapses'][string]>>
  >()
  expectTypeOf(rateLimit().stats()).toEqualTypeOf<{ readonly refused: number; readonly keys: number }>()
}
