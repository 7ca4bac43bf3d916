/**
 * `npm run faults`: what becomes of a validator and a miner on a bad network, as a table. Each runs in a process of its
 * own, with the network between them.
 */
import 'reflect-metadata'
import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LevinError } from 'levin'
import { type Command, startMiner, stopAll } from '../bench/processes.js'
import { interruptionsOf } from './interruptions.js'
import type { Network } from './means.js'
import { peersOf } from './peers.js'
import { type Row, tableOf } from './report.js'
import { TRIALS, type Trial } from './trials.js'
import type { Weather } from './weather.js'

const USAGE = `npm run faults -- [options]

  --only T1,T2     of ${[...new Set(TRIALS.map(({ id }) => id))].join(', ')}, T15, T20, T21
  --engine NAME    quinn (default) or quiche
  --seed N         repeats a run that printed it
  --short          does less of each, within times that a machine with other work meets
  --page           writes docs/faults.md
`
const PAGE = fileURLToPath(new URL('../../../docs/faults.md', import.meta.url))
const MARK = '<!-- npm run faults -->'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    engine: { type: 'string', default: 'quinn' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    short: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const { engine, short } = values
process.env.LEVIN_ENGINE = engine
const seed = Number(values.seed)
if (short && values.page) throw new Error('--page is for a whole run, and not for a short one')
const wanted = values.only?.split(',')
console.log(`engine ${engine}, seed ${seed}`)

/** A program of the suite, by its path in the build. */
const program = (path: string, ...args: string[]): Command => ({
  file: process.execPath,
  args: [fileURLToPath(new URL(path, import.meta.url)), ...args],
})

let networks = 0
async function network(target: number, weather: Weather): Promise<Network> {
  const args = [String(target), JSON.stringify(weather), String(seed + networks++)]
  return startMiner('the network', program('proxy.js', ...args))
}

async function attempt(trial: Trial): Promise<Row> {
  const { id, what, asked, weather } = trial
  try {
    const { port } = await startMiner(
      'the miner',
      program('../interop/levin-miner.js', '--port', '0', ...(trial.minerArgs ?? [])),
    )
    const ways = await Promise.all(weather.map((one) => network(port, one)))
    return { id, what, asked, ...(await trial.run(ways, short)) }
  } catch (error) {
    return { id, what, asked, measured: LevinError.from(error).message, holds: false }
  } finally {
    stopAll()
  }
}

const rows: Row[] = []
const done = (row: Row): void => {
  rows.push(row)
  console.log(`${row.holds ? 'holds' : 'FAILS'}  ${row.id}  ${row.what}: ${row.measured}`)
}
const isWanted = (id: string): boolean => wanted === undefined || wanted.includes(id)

for (const trial of TRIALS) {
  if (isWanted(trial.id)) done(await attempt(trial))
}
const means = { program, network, isShort: short }
for await (const row of interruptionsOf(means, isWanted)) {
  done(row)
  stopAll()
}
if (isWanted('T21')) {
  for await (const row of peersOf(means)) {
    done(row)
    stopAll()
  }
}

if (values.page) {
  const [head] = readFileSync(PAGE, 'utf8').split(MARK)
  writeFileSync(PAGE, `${head}${MARK}\n\n${tableOf(rows)}`)
}
const failed = rows.filter(({ holds }) => !holds).length
console.log(`${rows.length - failed} hold, ${failed} do not`)
process.exit(failed === 0 ? 0 : 1)
