/** A subnet as large as they come, on loopback. */
import { expect, test } from 'vitest'
import type { FollowOptions } from '../../src/index.js'
import { fakeAxon } from '../../src/testing/index.js'
import { NETUID, neuronOf, neurons, sourceOf, startNode } from '../subtensor/subnet.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { newValidator, startMiner, startMiners, type TestMiner } from '../support/subnet.js'

const MINERS = 200
const address: FollowOptions['address'] = ({ axon }) => axon && { host: '127.0.0.1', port: axon.port }
/** The keys of miners are those from 10 on. */
const hotkeyOf = (i: number) => signerOf(10 + i)

test('200 miners appear, move, swap hotkeys and leave: the list is right after each refresh', async () => {
  const miners = await startMiners(MINERS)
  const published = ({ axon }: TestMiner) =>
    neuronOf(1, { hotkey: axon.hotkey, axon: fakeAxon({ ip: '8.8.8.8', port: axon.port }) })
  const node = await startNode({ subnets: { [NETUID]: miners.slice(0, 150).map(published) } })
  const validator = newValidator({ signer: signerOf(5) })
  await validator.follow(sourceOf([node], { intervalMs: 50 }), { address })
  /** Who answers, and where, as one text. */
  const found = () => {
    const { miners: known } = validator.stats()
    return validator.authenticated().map((hotkey) => `${hotkey} ${known[hotkey]?.port}`)
  }
  const opened: string[] = []
  validator.on('connection', ({ hotkey, state }) => {
    if (state === 'authenticated') opened.push(hotkey!)
  })
  /** @returns who was connected anew for it */
  const follows = async (some: readonly TestMiner[]): Promise<readonly string[]> => {
    opened.splice(0)
    neurons(node).splice(0, MINERS, ...some.map(published))
    node.advance()
    const wanted = some.map(({ axon }) => `${axon.hotkey} ${axon.port}`).sort()
    await until(() => found().sort().join() === wanted.join())
    expect(Object.keys(validator.stats().miners)).toHaveLength(some.length)
    return [...opened].sort()
  }
  const hotkeys = (some: readonly TestMiner[]) => some.map(({ axon }) => axon.hotkey).sort()

  expect(validator.authenticated()).toHaveLength(150)
  expect(await follows(miners)).toEqual(hotkeys(miners.slice(150)))

  // 40 run at another port from now on
  const moved = await Promise.all(miners.slice(0, 40).map((_, i) => startMiner({ signer: hotkeyOf(i) })))
  const afterMove = [...moved, ...miners.slice(40)]
  expect(await follows(afterMove)).toEqual(hotkeys(moved))

  // 30 have another hotkey, at the port where they were
  const swapped = await Promise.all(
    miners.slice(40, 70).map(async ({ miner, axon }, i) => {
      await miner.close()
      return startMiner({ signer: hotkeyOf(MINERS + i), port: axon.port })
    }),
  )
  const afterSwap = [...moved, ...swapped, ...miners.slice(70)]
  expect(await follows(afterSwap)).toEqual(hotkeys(swapped))

  // 10 pairs trade their ports
  const pairs = Array.from({ length: 10 }, (_, i) => [70 + 2 * i, 71 + 2 * i] as const).flat()
  await Promise.all(pairs.map((i) => miners[i]!.miner.close()))
  const traded = await Promise.all(
    pairs.map((i) =>
      startMiner({ signer: hotkeyOf(i), port: miners[i % 2 === 0 ? i + 1 : i - 1]!.axon.port }),
    ),
  )
  const afterTrade = [...moved, ...swapped, ...traded, ...miners.slice(90)]
  expect(await follows(afterTrade)).toEqual(hotkeys(traded))

  // the other way round, which is other uids, while some leave: nobody is connected anew
  const fewer = afterTrade.slice(20).reverse()
  expect(await follows(fewer)).toEqual([])

  // back at the old port, gone, and come again, in one refresh
  const mixed = [...miners.slice(0, 10), ...moved.slice(10, 30), ...swapped.slice(0, 5), ...miners.slice(120)]
  expect(await follows(mixed)).toEqual(hotkeys(mixed.slice(0, 20)))
  expect(await follows(miners.slice(190))).toEqual([])
})
