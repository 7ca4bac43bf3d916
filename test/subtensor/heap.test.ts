import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { until } from '../support/frames.js'
import { neurons, requestsTo, sourceOf, startNode } from './subnet.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes that are in use when nothing is left to collect. */
function heap(): number {
  for (let i = 0; i < 4; i++) collect()
  return process.memoryUsage().heapUsed
}

test('1,000 syncs, with a new connection after each ten, leave the heap as it was', async () => {
  const node = await startNode()
  const source = sourceOf([node], { intervalMs: 1 })
  await source.start()
  const syncs = () => node.requests.get('chain_getFinalizedHead') ?? 0
  const run = async (count: number): Promise<void> => {
    const end = syncs() + count
    for (let next = syncs() + 10; next <= end; next += 10) {
      neurons(node)[0]!.totalStake++
      node.advance()
      await until(() => syncs() >= next)
      node.misbehave('drop')
      node.misbehave()
    }
  }
  await run(300)
  const before = heap()
  await run(1000)
  const grown = heap() - before
  console.log(`1,000 syncs: ${(grown / 1024).toFixed(0)} KiB more, ${node.connections} connections`)
  expect(node.connections).toBeGreaterThan(100)
  expect(requestsTo(node)).toBeGreaterThan(3000)
  // the node's own list of blocks has a hundred more
  expect(grown).toBeLessThan(1024 * 1024)
})
