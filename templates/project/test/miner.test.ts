import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minStake, synapse } from 'levin'
import { override, testMiner } from 'levin/testing'
import { Forecast, Narrate } from '../src/contract.js'
import { createMiner } from '../src/miner.js'
import { WeatherModel } from '../src/weather-model.js'

/** The miner of production, in memory: without a network, and with a model that is quick. */
const started = () =>
  testMiner((options, metagraph) => createMiner({ ...options, access: minStake(1000, metagraph) }), {
    overrides: [override(WeatherModel, { run: async () => [21, 19] })],
  })

test('answers a validator with enough stake', async () => {
  await using miner = await started()
  const alice = await miner.as('alice', { stake: 2000 })
  const { data } = await alice.query(Forecast, { city: 'Oslo', days: 2 })
  assert.deepEqual(data.celsius, [21, 19])
})

test('narrates in pieces', async () => {
  await using miner = await started()
  const alice = await miner.as('alice', { stake: 2000 })
  let text = ''
  for await (const chunk of alice.stream(Narrate, { city: 'Oslo', days: 2 })) text += Buffer.from(chunk)
  assert.equal(text, '21 degrees in Oslo.\n19 degrees in Oslo.\n')
})

test('admits nobody with less', async () => {
  await using miner = await started()
  await assert.rejects(miner.as('bob', { stake: 999 }), { code: 'HANDSHAKE_REFUSED' })
})

test('refuses what is no request', async () => {
  await using miner = await started()
  const alice = await miner.as('alice', { stake: 2000 })
  const unchecked = synapse('Forecast', {}) // without its classes nothing is checked before it is sent
  await assert.rejects(alice.query(unchecked, { city: 'Oslo', days: 15 }), { code: 'PEER_ERROR' })
})
