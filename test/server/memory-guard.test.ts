import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { type Holder, MemoryGuard, memoryState } from '../../src/server/memory-guard.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { encodeSynapsePacket } from '../../src/wire/messages.js'
import { turn, until } from '../support/frames.js'
import { handler, ServedMiner } from '../support/served-miner.js'

const MIB = 1024 * 1024

test.each([
  ['open', 0, 0, 1000],
  ['open', 799, 0, 1000],
  ['full', 800, 0, 1000],
  ['full', 899, 0, 1000],
  ['over', 900, 0, 1000],
  // What was there at the start is nobody's: the rest counts.
  ['open', 959, 800, 1000],
  ['full', 960, 800, 1000],
  ['over', 980, 800, 1000],
  ['over', 1000, 1000, 1000],
  ['over', 1100, 1100, 1000],
] as const)('%s: %d bytes, %d at the start, %d at most', (state, bytes, start, limit) => {
  expect(memoryState(bytes, start, limit)).toBe(state)
})

function guarded(holders: Holder[] = []) {
  const clock = new FakeClock()
  const log = new RecordingLogger()
  const memory = { bytes: 0 }
  const guard = new MemoryGuard(
    clock,
    log,
    1000,
    () => holders,
    () => memory.bytes,
  )
  guard.start()
  const has = (bytes: number) => {
    memory.bytes = bytes
    clock.advance(250)
  }
  return { clock, guard, has, log }
}

describe('the guard', () => {
  test('refuses what comes while others run, from 80 % on, and says so once', () => {
    const { guard, has, log } = guarded()
    has(799)
    expect(guard.refuses(5)).toBe(false)
    has(800)
    has(810)
    expect([guard.refuses(1), guard.refuses(0)]).toEqual([true, false])
    has(799)
    expect(guard.refuses(5)).toBe(false)
    expect(guard.stats()).toEqual({ limitBytes: 1000, state: 'open', refused: 1, closed: 0 })
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  test('closes the largest from 90 % on, one at each look, and nobody that holds little', () => {
    const closed: number[] = []
    const holders = [2 * MIB, 3 * MIB, MIB].map((bytes) => ({ bytes, close: () => closed.push(bytes) }))
    const { guard, has } = guarded(holders)
    has(899)
    expect(closed).toEqual([])
    has(900)
    expect(closed).toEqual([3 * MIB])
    holders.splice(1, 1)
    has(900)
    holders.splice(0, 1)
    has(900)
    expect(closed).toEqual([3 * MIB, 2 * MIB])
    expect(guard.stats()).toMatchObject({ state: 'over', closed: 2 })
  })

  test('looks no more when it is stopped', () => {
    const { clock, guard } = guarded()
    guard.stop()
    expect(clock.pending).toBe(0)
  })
})

test('a miner refuses with the text that says nothing, and closes who holds the most', async () => {
  const held: (() => void)[] = []
  const Hold = synapse('hold', {})
  const miner = new ServedMiner(
    [handler(Hold, () => new Promise((resolve) => held.push(() => resolve({}))))],
    {
      limits: { memoryBytes: 64 * MIB },
    },
  )
  await miner.service.start() // with more than 64 MiB, as every process of Node's has
  const peer = await miner.authenticated()
  const first = peer.ask('hold')
  await until(() => held.length === 1)
  const data = { bytes: Buffer.alloc(3 * MIB) }
  peer.begin(encodeSynapsePacket({ synapseType: 'hold', data, timestamp: 0 }).subarray(0, 2 * MIB))
  await turn()
  expect(miner.service.stats(undefined).memory.state).toBe('open')
  miner.clock.advance(250)
  await turn()
  expect(miner.service.stats(undefined).memory).toMatchObject({ state: 'over', closed: 1 })
  expect(peer.closed).toMatchObject({ reason: 'cleanup' })
  expect(first.over).toBe('cleanup')

  held[0]!() // its handler was still at it
  await turn()
  const next = await miner.authenticated()
  const running = next.ask('hold')
  await until(() => held.length === 2)
  expect(await next.answer('hold')).toMatchObject({ success: false, error: 'request processing failed' })
  held[1]!()
  expect(await running.done).toMatchObject([{ success: true }])
  await miner.service.stop()
})
