import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { until } from '../support/frames.js'
import { NETUID, neurons, startNode } from './subnet.js'

const program = fileURLToPath(new URL('../support/chain-reader.mjs', import.meta.url))
/** V8 compiles, and keeps what it learns, for about this long. */
const WARM_UP = 1500
/** A connection or a list of neurons that stays behind, one of ten times, is more. */
const MOST_GROWN = 256 * 1024

let reader: ChildProcess | undefined

afterEach(() => reader?.kill())

test('1,000 syncs, with a new connection after each ten, leave the heap as it was', async () => {
  const node = await startNode()
  reader = fork(program, [node.endpoint, String(NETUID)], { execArgv: ['--expose-gc'] })
  const syncs = () => (node.requests.get('state_call') ?? 0) / 2
  const heap = async (): Promise<number> => {
    reader!.send('heap')
    const [bytes] = await once(reader!, 'message')
    return bytes as number
  }
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
  await run(WARM_UP)
  const [before, connections] = [await heap(), node.connections]
  await run(1000)
  const grown = (await heap()) - before
  console.log(
    `1,000 syncs over ${node.connections - connections} connections: ${(grown / 1024).toFixed(0)} KiB more`,
  )
  expect(node.connections - connections).toBeGreaterThanOrEqual(100)
  expect(grown).toBeLessThan(MOST_GROWN)
})
