/** A round over a subnet as it is: some dead, slow, lying or refusing. Each is told apart, and nobody is waited for too long. */
import { expect, test } from 'vitest'
import { signerOf } from '../support/hotkeys.js'
import { newValidator, silentPort, startMiner, Work } from '../support/subnet.js'

const task = { text: 'a', n: 1 }
const ROUND_MS = 1_500
/** How much later than its deadline a round may end. */
const LATE_MS = 100

test('each of 60 miners is reported right, and the round ends at its deadline', async () => {
  let next = 10
  const signers = Array.from({ length: 60 }, () => signerOf(next++))
  const miners = await Promise.all(
    signers.map((signer, i) => startMiner({ signer, stuck: i < 10, rubbish: i >= 10 && i < 14 })),
  )
  const dead = await silentPort()
  const axons = miners.map(({ axon }, i) => {
    if (i >= 14 && i < 26) return { ...axon, port: dead }
    if (i >= 26 && i < 30) return { ...axon, hotkey: signerOf(200 + i).hotkey }
    return axon
  })
  const validator = newValidator()
  const ask = () => validator.queryAll(axons, Work, task, { deadlineMs: ROUND_MS })
  for (let round = 0; round < 2; round++) {
    const began = performance.now()
    const outcomes = await ask()
    expect(performance.now() - began).toBeLessThan(ROUND_MS + LATE_MS)
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))).toEqual(
      axons.map((_, i) => {
        if (i < 10) return 'TIMED_OUT'
        if (i < 14) return 'INVALID_ANSWER'
        if (i < 26) return 'TIMED_OUT'
        return i < 30 ? 'WRONG_PEER' : 'ok'
      }),
    )
  }
})
