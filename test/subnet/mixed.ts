/** A round over a subnet as it is: each miner is told apart, and nobody is waited for too long. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Axon, IsBytes, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { countEach } from '../faults/report.js'
import { seedOf } from '../interop/options.js'
import { minerSigner } from './keys.js'
import type { Subnet } from './subnet.js'

const DEAD = 100
const SLOW = 50
const WRONG = 20
const RUBBISH = 10
const ROUNDS = 3
const ROUND_MS = 6_000
/** How much later it may end. */
const LATE_MS = 100
/** Nobody listens on ports this low. */
const CLOSED_PORT = 2

class Payload {
  @IsBytes() payload!: Uint8Array
}
const Echo = synapse('echo', { response: Payload })

export async function mixedRounds(subnet: Subnet, count: number): Promise<boolean> {
  const { axons: live } = await subnet.start({
    first: 10_000,
    count: count - DEAD,
    slow: SLOW,
    rubbish: RUBBISH,
  })
  const silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
  const wrongFrom = SLOW + RUBBISH
  const axons: Axon[] = live.map((axon, i) => {
    const isWrong = i >= wrongFrom && i < wrongFrom + WRONG
    return isWrong ? { ...axon, hotkey: minerSigner(30_000 + i).hotkey } : axon
  })
  // half of the dead ones have closed their port, the others do not answer
  for (let i = 0; i < DEAD; i++) {
    const port = i % 2 === 0 ? CLOSED_PORT + i : silent.address().port
    axons.push({ hotkey: minerSigner(20_000 + i).hotkey, host: '127.0.0.1', port })
  }
  const expected = axons.map((_, i) => {
    if (i < SLOW) return 'TIMED_OUT'
    if (i < wrongFrom) return 'INVALID_ANSWER'
    if (i < wrongFrom + WRONG) return 'WRONG_PEER'
    if (i < live.length) return 'ok'
    return (i - live.length) % 2 === 0 ? 'CANNOT_CONNECT' : 'TIMED_OUT'
  })
  const validator = new Validator({ signer: seedSigner(seedOf(3)), logger: silentLogger })
  const request = { payload: Buffer.alloc(1024, 0x5a) }
  let isRight = true
  for (let round = 1; round <= ROUNDS; round++) {
    const begin = performance.now()
    const outcomes = await validator.queryAll(axons, Echo, request, { deadlineMs: ROUND_MS })
    const took = performance.now() - begin
    const told = outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))
    const misjudged = told.filter((code, i) => code !== expected[i]).length
    isRight &&= misjudged === 0 && took <= ROUND_MS + LATE_MS
    console.log(
      `round ${round} of ${count} miners, ${DEAD} dead, ${SLOW} slow, ${WRONG} somebody else, ${RUBBISH} with rubbish: ${countEach(told).join(', ')}; ${misjudged} misjudged; over after ${took.toFixed(0)} ms of ${ROUND_MS}`,
    )
  }
  validator.close()
  silent.close()
  return isRight
}
