/** A list of 1,000 miners of which a tenth changes, a hundred times: what leaks, and what is closed that should stay. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Axon, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { seedOf } from '../interop/options.js'
import type { Subnet } from './subnet.js'

const LISTED = 1_000
const CHANGED = 100
const TIMES = 100
const LIMIT_MS = 30_000
const Echo = synapse('echo', {})

/** @param disturbs whether the miners' processes stand still for a while, again and again, while all are asked */
export async function churn(subnet: Subnet, disturbs: boolean): Promise<boolean> {
  const [half, otherHalf] = await Promise.all([0, 1].map((n) => subnet.start({ first: n * 550, count: 550 })))
  const groups = [half!, otherHalf!]
  const all = groups.flatMap(({ axons }) => axons)
  const validator = new Validator({ signer: seedSigner(seedOf(4)), logger: silentLogger })
  const unwanted: string[] = []
  validator.on('connection', ({ state, error }) => {
    if (state !== 'authenticated') unwanted.push(`${state}: ${error?.message}`)
  })
  let failed = 0
  let wrong = 0
  let asked = 0
  const listAt = (time: number): Axon[] => {
    const gone = (time * CHANGED) % all.length
    return all.filter((_, i) => (i - gone + all.length) % all.length >= all.length - LISTED)
  }
  for (let time = 0; time < TIMES; time++) {
    const list = listAt(time)
    const held = disturbs ? standStill(groups[time % 2]!.pid) : undefined
    if (disturbs) {
      asked += list.length
      const outcomes = await validator.queryAll(list, Echo, { time }, { timeoutMs: LIMIT_MS })
      failed += outcomes.filter(({ ok }) => !ok).length
    }
    await validator.setMiners(list)
    await held
    const wanted = new Set(list.map(({ hotkey }) => hotkey))
    const connected = validator.authenticated()
    if (connected.length !== wanted.size || connected.some((hotkey) => !wanted.has(hotkey))) wrong++
  }
  // the farewells to those that left last are on their way
  const open = async () =>
    (await Promise.all(groups.map((group) => group.connections()))).reduce((a, b) => a + b)
  const until = performance.now() + LIMIT_MS
  let left = await open()
  while (left !== LISTED && performance.now() < until) {
    await sleep(100)
    left = await open()
  }
  console.log(
    `${LISTED} miners of which ${CHANGED} change, ${TIMES} times${disturbs ? ', while their processes stand still again and again' : ''}: ${wrong} times not what the list said, ${unwanted.length} closed or failed that should not, ${left} connections at the end${disturbs ? `, ${failed} of ${asked} calls failed` : ''}`,
  )
  for (const one of new Set(unwanted)) console.log(`  ${one}`)
  validator.close()
  return wrong === 0 && unwanted.length === 0 && left === LISTED && failed === 0
}

/** As long as a loop that computes, and longer than what counts as silence. */
async function standStill(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await sleep(900)
  process.kill(pid, 'SIGCONT')
}
