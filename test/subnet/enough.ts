/** How soon miners learn that they are not waited for any more. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seedSigner, silentLogger, synapse, Validator } from 'levin'
import { seedOf } from '../interop/options.js'
import type { Subnet } from './subnet.js'

const MINERS = 100
const SLOW = 90
const ROUNDS = 20
const LIMIT_MS = 10_000
/** Asked. */
const WITHIN_MS = 100
const Echo = synapse('echo', {})

export async function enough(subnet: Subnet): Promise<boolean> {
  const miners = await subnet.start({ first: 40_000, count: MINERS, slow: SLOW })
  const validator = new Validator({ signer: seedSigner(seedOf(5)), logger: silentLogger })
  let lastAnswerAt = 0
  validator.on('call', ({ outcome }) => {
    if (outcome === 'answered') lastAnswerAt = Date.now()
  })
  await validator.setMiners(miners.axons)
  const took: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await validator.queryAll(miners.axons, Echo, { round }, { enough: MINERS - SLOW })
    const until = Date.now() + LIMIT_MS
    let status = await miners.status()
    while (status.hanging > 0 && Date.now() < until) {
      await sleep(10)
      status = await miners.status()
    }
    took.push(status.hanging > 0 ? Number.POSITIVE_INFINITY : status.givenUpAt - lastAnswerAt)
  }
  validator.close()
  const longest = Math.max(...took)
  console.log(
    `${MINERS - SLOW} answers of ${MINERS} are enough, ${ROUNDS} times: the last of the others knew ${longest} ms after the last answer at most (asked: at most ${WITHIN_MS})`,
  )
  return longest <= WITHIN_MS
}
