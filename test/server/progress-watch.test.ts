import { afterEach, describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { encodeSynapsePacket } from '../../src/wire/messages.js'
import { turn, until } from '../support/frames.js'
import { handler, ServedMiner } from '../support/served-miner.js'

const LIMIT_MS = 60_000
const KIB = 1024

const stopping: ServedMiner[] = []
afterEach(async () => {
  for (const miner of stopping.splice(0)) await miner.service.stop()
})

async function started(): Promise<ServedMiner> {
  const large = handler(synapse('large', {}), () => ({ bytes: new Uint8Array(600 * KIB) }))
  const slow = handler(synapse('slow', {}), () => new Promise(() => {}))
  const miner = new ServedMiner([large, slow])
  await miner.service.start()
  stopping.push(miner)
  return miner
}

/** Time goes on, a quarter of the limit at once, as the watch looks. */
async function pass(miner: ServedMiner, ms: number): Promise<void> {
  await turn() // what was written arrives first
  for (let passed = 0; passed < ms; passed += LIMIT_MS / 4) {
    miner.clock.advance(LIMIT_MS / 4)
    await turn()
  }
}

describe('a validator that does nothing loses the stream', () => {
  test('when it has sent half of a request', async () => {
    const miner = await started()
    const peer = await miner.authenticated()
    const frames = peer.begin(
      encodeSynapsePacket({ synapseType: 'slow', data: {}, timestamp: 0 }).subarray(0, 9),
    )
    await pass(miner, LIMIT_MS)
    expect(frames.over).toBeUndefined()
    await pass(miner, LIMIT_MS / 4)
    expect(frames.over).toBe('the peer reset the stream')
    expect(peer.closed).toBeUndefined()
  })

  test('when it does not take the answer', async () => {
    const miner = await started()
    const peer = await miner.authenticated()
    const frames = peer.ask('large')
    frames.stream.pause()
    await until(() => peer.minerLink.streams().some(({ waiting }) => waiting > 0))
    await pass(miner, LIMIT_MS * 1.25)
    expect(peer.minerLink.streams()).toEqual([])
    expect(miner.log.lines.map(({ message }) => message)).toContain(
      'gave up a stream: its peer neither asks nor takes the answer',
    )
  })
})

describe('it keeps the stream', () => {
  test('while it sends a byte now and then', async () => {
    const miner = await started()
    const peer = await miner.authenticated()
    const request = encodeSynapsePacket({ synapseType: 'large', data: {}, timestamp: 0 })
    const frames = peer.begin(request.subarray(0, 1))
    for (let sent = 1; sent < request.length; sent++) {
      await pass(miner, LIMIT_MS * 0.75)
      expect(frames.over).toBeUndefined()
      frames.stream.write(request.subarray(sent, sent + 1))
    }
    frames.stream.end()
    expect(await frames.done).toHaveLength(1)
  })

  test('while the handler works, for as long as that may take', async () => {
    const miner = await started()
    const peer = await miner.authenticated()
    peer.ask('slow')
    await until(() => peer.minerLink.streams().length === 1)
    miner.clock.advance(29_999) // the handler's own limit
    await turn()
    expect(peer.minerLink.streams()).toHaveLength(1)
  })
})
