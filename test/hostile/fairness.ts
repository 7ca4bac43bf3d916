/** Whether one validator that sends its worst at full speed leaves another one its share. Also a program of its own. */
import { fileURLToPath } from 'node:url'
import { type Command, runToLine, startMiner, stopAll } from '../bench/processes.js'
import { ROGUES } from './rogues.js'

export interface Fairness {
  /** What the rogue sent. */
  readonly kind: string
  /** Of the honest one, in milliseconds: before, and during. */
  readonly p99Ms: readonly [number, number]
  /** Of the honest one, in answers a second: before, and during. */
  readonly rate: readonly [number, number]
  readonly measured: string
  /** Its p99 is at most three times what it was, and its rate at least half. */
  readonly holds: boolean
}

const MOST_SLOWER = 3
const LEAST_RATE = 1 / 2
const SECONDS = 4
const START_MS = 60_000

const self = fileURLToPath(new URL('fairness-process.js', import.meta.url))

const program = (...args: (string | number)[]): Command => ({
  file: process.execPath,
  args: [self, ...args.map(String)],
})

interface Measured {
  readonly rate: number
  readonly p99Ms: number
}

/** @param kind of `ROGUES`. @param seconds for which it is measured before, and again during */
export async function fairness(kind: string, seconds = SECONDS): Promise<Fairness> {
  const { port } = await startMiner('the miner', program('miner'))
  const measure = async (): Promise<Measured> => {
    const { line } = await runToLine('the honest validator', program('honest', port, seconds), START_MS)
    return JSON.parse(line)
  }
  const before = await measure()
  const { file, args } = program('rogue', port, kind)
  // Whoever means it has a machine of its own: what it takes of this one's processor is not the miner's to share.
  await startMiner('the rogue', { file: 'nice', args: ['-n', '10', file, ...args] })
  const during = await measure()
  const slower = during.p99Ms / before.p99Ms
  const left = during.rate / before.rate
  return {
    kind,
    p99Ms: [before.p99Ms, during.p99Ms],
    rate: [before.rate, during.rate],
    measured: `${left.toFixed(2)} of its rate, ${slower.toFixed(1)} times its p99`,
    holds: slower <= MOST_SLOWER && left >= LEAST_RATE,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kinds = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ROGUES)
  for (const kind of kinds) {
    const { holds, p99Ms, rate, measured } = await fairness(kind)
    const figures = `p99 ${p99Ms.map((ms) => ms.toFixed(2)).join(' to ')} ms, ${rate.map(Math.round).join(' to ')}/s`
    console.log(`${holds ? 'holds' : 'FAILS'}  ${kind}: ${measured} (${figures})`)
    stopAll()
  }
}
