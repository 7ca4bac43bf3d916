/** A miner process that is told to stop while validators ask it: nothing that it began is lost. */
import { afterEach, expect, test } from 'vitest'
import { LevinError, type MinerConnection, synapse, Validator } from '../../src/index.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import { type StoppedMiner, startMiner } from '../support/stopped-miner.js'

const Work = synapse('work', {})
const IN_FLIGHT = 40
const BEFORE_SIGNAL = 200
/** A miner's `drainMs` unless it says otherwise. */
const DRAIN_MS = 10_000

let miner: StoppedMiner | undefined

afterEach(() => miner?.child.kill('SIGKILL'))

test('SIGTERM under load: every request that a handler began on is answered', async () => {
  miner = await startMiner()
  const validator = new Validator({ signer: validatorSigner })
  const connection = await validator.connect({
    hotkey: minerSigner.hotkey,
    host: '127.0.0.1',
    port: miner.port,
  })
  const answered: number[] = []
  const failed = new Map<number, LevinError>()
  let asked = 0
  let signalled = 0
  const startedAt = performance.now()
  const ask = async (connection: MinerConnection): Promise<void> => {
    for (let n = asked++; failed.size === 0; n = asked++) {
      try {
        const { data } = await connection.query(Work, { n })
        expect(data).toEqual({ n })
        answered.push(n)
      } catch (error) {
        failed.set(n, LevinError.from(error))
      }
      if (signalled === 0 && answered.length >= BEFORE_SIGNAL) {
        signalled = performance.now()
        miner!.child.kill('SIGTERM')
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, () => ask(connection)))
  expect(await miner.ended).toBe(0)
  const stoppedMs = performance.now() - signalled

  const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b)
  console.info(
    `${Math.round((1000 * BEFORE_SIGNAL) / (signalled - startedAt))} requests/s; ${answered.length} answered, ` +
      `${failed.size} never begun; ended after ${Math.round(stoppedMs)} ms`,
  )
  expect(sorted(answered)).toEqual(sorted(miner.begun))
  expect(failed.size).toBeGreaterThan(0)
  expect([...new Set([...failed.values()].map(({ code }) => code))]).toEqual(['CONNECTION_LOST'])
  expect(Math.min(...failed.keys())).toBeGreaterThanOrEqual(BEFORE_SIGNAL)
  expect(stoppedMs).toBeLessThan(DRAIN_MS)
  validator.close()
})
