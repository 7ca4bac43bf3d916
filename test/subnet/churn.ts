/** A list of 1,000 miners of which a tenth changes, a hundred times: what leaks, and what is closed that should stay. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Axon, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { ROUGH } from '../faults/trials.js'
import type { Weather } from '../faults/weather.js'
import { seedOf } from '../interop/options.js'
import type { Subnet } from './subnet.js'

const LISTED = 1_000
const CHANGED = 100
const TIMES = 100
const LIMIT_MS = 30_000
const Echo = synapse('echo', {})

/** So many miners are reached through a bad network. */
const NETWORKED = 100
const WEATHER: Weather = { ...ROUGH, drop: 0.02 }
const SEED = 7

/**
 * What happens meanwhile, while all are asked: nothing, the miners' processes stand still for a while again and again, or
 * the network to some of them is bad.
 */
export type Faults = 'none' | 'standing' | 'network'

const MEANWHILE: Record<Faults, string> = {
  none: '',
  standing: ', while their processes stand still again and again',
  network: `, of which ${NETWORKED} are behind a bad network`,
}

export async function churn(subnet: Subnet, faults: Faults): Promise<boolean> {
  const [half, otherHalf] = await Promise.all([0, 1].map((n) => subnet.start({ first: n * 550, count: 550 })))
  const groups = [half!, otherHalf!]
  const first = faults === 'network' ? await subnet.networked(half!, NETWORKED, WEATHER, SEED) : half!.axons
  const all = [...first, ...otherHalf!.axons]
  const validator = new Validator({ signer: seedSigner(seedOf(4)), logger: silentLogger })
  const unwanted: string[] = []
  validator.on('connection', ({ state, error }) => {
    if (state !== 'authenticated') unwanted.push(`${state}: ${error?.message}`)
  })
  const failed: string[] = []
  let wrong = 0
  let asked = 0
  const listAt = (time: number): Axon[] => {
    const gone = (time * CHANGED) % all.length
    return all.filter((_, i) => (i - gone + all.length) % all.length >= all.length - LISTED)
  }
  for (let time = 0; time < TIMES; time++) {
    const list = listAt(time)
    await validator.setMiners(list)
    if (faults !== 'none') {
      const standing = faults === 'standing' ? standStill(groups[time % 2]!.pid) : undefined
      asked += list.length
      const outcomes = await validator.queryAll(list, Echo, { time }, { timeoutMs: LIMIT_MS })
      for (const outcome of outcomes) if (!outcome.ok) failed.push(outcome.message)
      await standing
    }
    const wanted = new Set(list.map(({ hotkey }) => hotkey))
    const connected = validator.authenticated()
    if (connected.length !== wanted.size || connected.some((hotkey) => !wanted.has(hotkey))) wrong++
  }
  // the farewells to those that left last are on their way
  const open = async () =>
    (await Promise.all(groups.map((group) => group.status()))).reduce(
      (sum, { connections }) => sum + connections,
      0,
    )
  const until = performance.now() + LIMIT_MS
  let left = await open()
  while (left !== LISTED && performance.now() < until) {
    await sleep(100)
    left = await open()
  }
  console.log(
    `${LISTED} miners of which ${CHANGED} change, ${TIMES} times${MEANWHILE[faults]}: ${wrong} times not what the list said, ${unwanted.length} closed or failed that should not, ${left} connections at the end${faults === 'none' ? '' : `, ${failed.length} of ${asked} calls failed`}`,
  )
  for (const one of new Set(
    [...unwanted, ...failed].map((text) => text.replaceAll(/5[A-Za-z0-9]{47}|\d+/g, '…')),
  ))
    console.log(`  ${one}`)
  validator.close()
  return wrong === 0 && unwanted.length === 0 && left === LISTED && failed.length === 0
}

/** As long as a loop that computes, and longer than what counts as silence. */
async function standStill(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await sleep(900)
  process.kill(pid, 'SIGCONT')
}
