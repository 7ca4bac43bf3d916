/** Names of synapses in a plugin's options: those that the miner does not answer limit nothing, and are refused. */
import { describe, expect, test } from 'vitest'
import { synapse } from '../../../src/contract/definition.js'
import { bodyLimit } from '../../../src/server/policy/body-limit.js'
import { concurrency } from '../../../src/server/policy/concurrency.js'
import type { Middleware } from '../../../src/server/policy/middleware.js'
import { priority } from '../../../src/server/policy/priority.js'
import { timeout } from '../../../src/server/policy/timeout.js'
import { handler, ServedMiner } from '../../support/served-miner.js'

const serving = (plugin: Middleware): ServedMiner =>
  new ServedMiner(
    ['Who', 'Where'].map((name) => handler(synapse(name, {}), () => ({}))),
    {},
    [plugin],
  )

const unknown = (plugin: string, name: string) =>
  expect.objectContaining({
    code: 'CONFIG',
    message: expect.stringContaining(
      `${plugin} names the synapse '${name}', which this miner does not answer; it answers Who, Where`,
    ),
  })

describe.each([
  [
    'concurrency',
    (name: string) => {
      const plugin = concurrency({ [name]: 1 })
      return { plugin, set: (name: string) => plugin.set({ [name]: 2 }) }
    },
  ],
  [
    'priority',
    (name: string) => {
      const plugin = priority(() => 0, { synapses: { [name]: { concurrency: 1 } } })
      return { plugin, set: (name: string) => plugin.set(() => 0, { synapses: { [name]: {} } }) }
    },
  ],
  [
    'timeout',
    (name: string) => {
      const plugin = timeout({ synapses: { [name]: 1 } })
      return { plugin, set: (name: string) => plugin.set({ synapses: { [name]: 2 } }) }
    },
  ],
  [
    'bodyLimit',
    (name: string) => {
      const plugin = bodyLimit({ synapses: { [name]: 1 } })
      return { plugin, set: (name: string) => plugin.set({ synapses: { [name]: 2 } }) }
    },
  ],
])('%s', (called, make) => {
  // biome-ignore format: one case after the other
  test.each(['Whoo', 'who', 'constructor'])('does not start with %s', async (name) => {
    const { service } = serving(make(name).plugin)
    await expect(service.start()).rejects.toThrow(unknown(called, name))
  })

  test('starts with what the miner answers, and then takes nothing else', async () => {
    const { plugin, set } = make('Who')
    const { service } = serving(plugin)
    await service.start()
    set('Where')
    expect(() => set('Whoo')).toThrow(unknown(called, 'Whoo'))
    expect([...plugin.synapses!()]).toEqual(['Where'])
    await service.stop()
  })

  test('takes any name while no miner runs', async () => {
    const { plugin, set } = make('Other')
    set('Who')
    const { service } = serving(plugin)
    await service.start()
    await service.stop()
    set('Other')
    expect([...plugin.synapses!()]).toEqual(['Other'])
  })
})

test('of two miners with one plugin, each must answer what it is set to', async () => {
  const plugin = bodyLimit({ synapses: { Who: 2 } })
  const [one, two] = [serving(plugin).service, serving(plugin).service]
  await one.start()
  await two.start()
  await two.stop()
  expect(() => plugin.set({ synapses: { Whoo: 2 } })).toThrow(unknown('bodyLimit', 'Whoo'))
  await one.stop()
  plugin.set({ synapses: { Whoo: 2 } })
})

describe('a plugin of one’s own', () => {
  test('says which synapses it names', async () => {
    const own: Middleware = Object.assign(((_call, next) => next()) satisfies Middleware, {
      synapses: () => new Set(['Who', 'Whoo']),
    })
    await expect(serving(own).service.start()).rejects.toThrow(unknown('', 'Whoo'))
  })

  test('is told at its start what the miner answers', async () => {
    const told: unknown[] = []
    const own: Middleware = (_call, next) => next()
    const { service } = serving(Object.assign(own, { onStart: (miner: object) => void told.push(miner) }))
    await service.start()
    expect(told).toEqual([{ synapses: ['Who', 'Where'] }])
    await service.stop()
  })
})
