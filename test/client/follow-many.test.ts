/** A subnet as large as they come, on loopback. */
import { expect, test } from 'vitest'
import type { FollowOptions } from '../../src/index.js'
import { fakeAxon } from '../../src/testing/index.js'
import { NETUID, neuronOf, neurons, sourceOf, startNode } from '../subtensor/subnet.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { newValidator, startMiners, type TestMiner } from '../support/subnet.js'

const MINERS = 200
const address: FollowOptions['address'] = ({ axon }) => axon && { host: '127.0.0.1', port: axon.port }

test('200 miners appear, swap and leave: the list is right after each refresh', async () => {
  const miners = await startMiners(MINERS)
  const published = ({ axon }: TestMiner) =>
    neuronOf(1, { hotkey: axon.hotkey, axon: fakeAxon({ ip: '8.8.8.8', port: axon.port }) })
  const node = await startNode({ subnets: { [NETUID]: miners.slice(0, 150).map(published) } })
  const validator = newValidator({ signer: signerOf(5) })
  await validator.follow(sourceOf([node], { intervalMs: 50 }), { address })
  const follows = async (some: readonly TestMiner[]): Promise<void> => {
    neurons(node).splice(0, MINERS, ...some.map(published))
    node.advance()
    const wanted = some
      .map(({ axon }) => axon.hotkey)
      .sort()
      .join()
    await until(() => validator.authenticated().sort().join() === wanted)
    expect(Object.keys(validator.stats().miners).sort().join()).toBe(wanted)
  }
  expect(validator.authenticated()).toHaveLength(150)
  await follows(miners)
  await follows([...miners.slice(100), ...miners.slice(0, 50)])
  await follows(miners.slice(190))
})
