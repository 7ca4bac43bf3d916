/** A Levin miner that answers what peers/bittensor/axon.py answers, whatever door it is asked by. */
import { setTimeout as sleep } from 'node:timers/promises'
import { denylist, Miner, silentLogger } from '../../../src/index.js'
import { minerSigner, signerOf } from '../../support/hotkeys.js'
import { Ask, Slow, Story, type StoryQuery, Value } from './contract.js'

/** The seed of who is refused, as by the axon's blacklist. */
export const UNWANTED = 3

export function doorMiner(): Miner {
  return new Miner({
    signer: minerSigner,
    access: denylist([signerOf(UNWANTED).hotkey]),
    logger: silentLogger,
  })
    .synapse(Ask, ({ city }) => {
      if (city === 'boom') throw new Error('these words must never reach the peer')
      return { answer: `hi ${city}` }
    })
    .synapse(Slow, async ({ seconds }, { signal }) => {
      await sleep(seconds * 1000, undefined, { signal })
      return {}
    })
    .synapse(Value, ({ value }) => ({ same: value ?? null }))
    .synapse(Story, tell)
}

async function* tell({ pieces, pause }: StoryQuery): AsyncIterable<Uint8Array> {
  for (let number = 0; number < pieces; number++) {
    if (number > 0) await sleep(pause * 1000)
    yield Buffer.from(`piece ${number}, `)
  }
}
