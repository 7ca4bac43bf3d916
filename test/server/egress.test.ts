import { expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { type Frames, turn, until } from '../support/frames.js'
import { handler, ServedMiner } from '../support/served-miner.js'

const MIB = 1024 * 1024
const Large = synapse('large', {})
const Chunks = synapse('chunks', { stream: true })

function serving(queuedBytes: number) {
  let begun = 0
  const miner = new ServedMiner(
    [
      handler(Large, () => {
        begun++
        return { bytes: Buffer.alloc(2 * MIB) }
      }),
      handler(Chunks, async function* () {
        yield Buffer.alloc(MIB)
        yield Buffer.alloc(MIB)
      }),
    ],
    { limits: { queuedBytes } },
  )
  return { miner, begun: () => begun }
}

test('who does not take its answers has no more of its requests begun, and all answered once it does', async () => {
  const { miner, begun } = serving(3 * MIB)
  const peer = await miner.authenticated()
  const asked: Frames[] = []
  for (let i = 0; i < 6; i++) {
    const frames = peer.ask('large')
    frames.stream.pause()
    asked.push(frames)
    await turn()
  }
  expect(begun()).toBe(2) // 4 MiB wait: one answer beyond the cap
  expect(peer.minerLink.waiting).toBeLessThan(5 * MIB)
  const chunks = peer.ask('chunks')
  await turn()
  expect(chunks.messages).toEqual([])

  miner.clock.advance(29_000)
  for (const { stream } of asked) stream.resume()
  const answers = await Promise.all(asked.map(({ done }) => done))
  expect(answers.every(([one]) => one!.success === true)).toBe(true)
  expect((await chunks.done).map(({ type }) => type)).toEqual(['StreamChunk', 'StreamChunk', 'StreamEnd'])
  expect([begun(), peer.minerLink.waiting]).toEqual([6, 0])
})

test('an answer that waits for room is not late for it', async () => {
  const proceed: (() => void)[] = []
  const Slow = synapse('slow', {})
  const miner = new ServedMiner(
    [
      handler(Large, () => ({ bytes: Buffer.alloc(2 * MIB) })),
      handler(Slow, () => new Promise((resolve) => proceed.push(() => resolve({ a: 1 })))),
    ],
    { limits: { queuedBytes: MIB } },
  )
  const peer = await miner.authenticated()
  const slow = peer.ask('slow')
  await until(() => proceed.length === 1)
  const large = peer.ask('large')
  large.stream.pause()
  await until(() => peer.minerLink.waiting > MIB)
  proceed[0]!()
  await turn()
  miner.clock.advance(31_000)
  await turn()
  expect(slow.messages).toEqual([])
  large.stream.resume()
  expect(await slow.done).toMatchObject([{ success: true, data: { a: 1 } }])
})
