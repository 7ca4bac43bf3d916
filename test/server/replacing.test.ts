import { expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
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
