import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { encodeSynapsePacket } from '../../src/wire/messages.js'
import { turn } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { handler, type Peer, ServedMiner } from '../support/served-miner.js'

test('two programs of one hotkey that replace each other for 30 s: others are answered all the time', async () => {
  const wait = handler(synapse('wait', {}), () => new Promise(() => {}))
  const echo = handler(synapse('echo', {}), (data) => data)
  const miner = new ServedMiner([echo, wait], { handshakesPerMinute: 100_000 })
  const others = [await miner.authenticated(signerOf(3)), await miner.authenticated(signerOf(4))]
  const programs: Peer[] = []
  let answers = 0
  let mostOpen = 0
  for (let at = 0; at < 30_000; at += 50) {
    const program = await miner.authenticated(signerOf(2))
    program.ask('wait') // it has something to drain each time
    programs.push(program)
    for (const other of others) {
      expect(await other.answer('echo', { at })).toMatchObject({ success: true, data: { at } })
      expect(other.closed).toBeUndefined()
      answers++
    }
    miner.clock.advance(50)
    await turn()
    mostOpen = Math.max(mostOpen, programs.filter(({ closed }) => closed === undefined).length)
  }
  // One that is here, and those that drain for 2 s, of which there is a new one each second.
  expect(mostOpen).toBeLessThanOrEqual(4)
  expect(miner.service.stats(undefined).connections.validators).toBe(3)
  expect(programs.filter(({ closed }) => closed?.reason === 'replaced').length).toBeGreaterThanOrEqual(596)
  console.info(
    `${programs.length} replacements, at most ${mostOpen} connections at once, ${answers} answers to others`,
  )
})

describe('what is being answered on a replaced connection', () => {
  /** A validator's earlier connection with a call that is running, and what answers that call. */
  async function replaced() {
    let answer!: (data: { done: boolean }) => void
    const wait = handler(synapse('wait', {}), () => new Promise((resolve) => (answer = resolve)))
    const miner = new ServedMiner([wait, handler(synapse('echo', {}), (data) => data)])
    const earlier = await miner.authenticated()
    const upload = earlier.begin(
      encodeSynapsePacket({
        synapseType: 'echo',
        data: { big: Buffer.alloc(200_000) },
        timestamp: 0,
      }).subarray(0, 100_000),
    )
    const running = earlier.answer('wait')
    await turn()
    await miner.authenticated()
    return { miner, earlier, upload, running, answer }
  }

  test('is finished, however many requests still come there', async () => {
    const { earlier, running, answer } = await replaced()
    const late = Array.from({ length: 20 }, () => earlier.ask('echo'))
    await turn()
    expect(late.map(({ over }) => over)).toEqual(Array(20).fill('the peer reset the stream'))
    expect(earlier.closed).toBeUndefined()
    answer({ done: true })
    expect(await running).toMatchObject({ success: true, data: { done: true } })
    await turn()
    expect(earlier.closed).toMatchObject({ reason: 'replaced' })
  })

  test('is finished, however large the requests are', async () => {
    const { earlier, upload, running, answer } = await replaced()
    const large = earlier.ask('echo', { big: Buffer.alloc(5000) })
    upload.stream.write(Buffer.alloc(90_000))
    await turn()
    expect([large.messages, large.over]).toEqual([[], 'the peer reset the stream'])
    expect(earlier.closed).toBeUndefined()
    answer({ done: true })
    expect(await running).toMatchObject({ success: true })
  })

  test('leaves no timer behind, and nobody to be counted as a stranger', async () => {
    const { miner, earlier, answer, running } = await replaced()
    expect(miner.service.stats(undefined).connections).toMatchObject({ strangers: 0, validators: 1 })
    for (let i = 0; i < 5; i++) earlier.ask('echo')
    answer({ done: true })
    await running
    await turn()
    expect(earlier.closed).toMatchObject({ reason: 'replaced' })
    expect(miner.clock.pending).toBe(0)
  })

  test('does not hide why another handshake there is refused', async () => {
    const { miner, earlier } = await replaced()
    expect(await earlier.handshake()).toMatchObject({ accepted: false })
    expect(miner.handshakes.at(-1)?.reason).toBe('replaced')
  })
})
