/**
 * `npm run hostile`: attacks on real processes, as a table. What stands beside each figure is what an honest peer had
 * meanwhile.
 */
import 'reflect-metadata'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LevinError } from 'levin'
import { stopAll } from '../bench/processes.js'
import { missingTools, type PythonPeer, prepareAioquicPeer } from '../interop/peers/build.js'
import { type EngineName, type Finding, Means } from './means.js'
import { type Row, tableOf, writePage } from './report.js'
import { TRIALS } from './trials.js'

const ids = [...new Set(TRIALS.map(({ id }) => id))]
const USAGE = `npm run hostile -- [options]

  --only T6,T8     of ${ids.join(', ')}
  --engine NAME    quinn (default) or quiche
  --seed N         repeats a run that printed it
  --short          a part of each, and without what asks for a quiet machine
  --soak MINUTES   how long T17 takes: 5, or half a minute when short
  --page           writes this engine's table in docs/SECURITY.md; of a part, its lines
`
const ENGINES: readonly EngineName[] = ['quinn', 'quiche']

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    engine: { type: 'string', default: 'quinn' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    short: { type: 'boolean', default: false },
    soak: { type: 'string' },
    page: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const engine = ENGINES.find((name) => name === values.engine)
const wanted = values.only?.split(',')
const unknown = wanted?.find((id) => !ids.includes(id))
if (engine === undefined || unknown !== undefined) {
  console.error(`there is no ${unknown ?? values.engine}\n\n${USAGE}`)
  process.exit(2)
}
process.env.LEVIN_ENGINE = engine
console.log(`engine ${engine}, seed ${values.seed}`)

/** What this machine lacks for a trial. In CI that is a failure. */
class LeftOut extends Error {}

let prepared: Promise<PythonPeer> | undefined
const folder = mkdtempSync(join(tmpdir(), 'levin-hostile-'))
process.once('exit', () => rmSync(folder, { recursive: true }))
const means = new Means({
  engine,
  isShort: values.short,
  seed: Number(values.seed),
  soakMs: Number(values.soak ?? (values.short ? 0.5 : 5)) * 60_000,
  folder,
  python: () => {
    const missing = process.env.CI === undefined ? missingTools('aioquic') : []
    if (missing.length > 0) throw new LeftOut(`aioquic needs ${missing.join(', ')}`)
    prepared ??= prepareAioquicPeer()
    return prepared
  },
})

const rows: Row[] = []
for (const trial of TRIALS) {
  const { id, engines = ENGINES, isLong = false } = trial
  if (wanted !== undefined && !wanted.includes(id)) continue
  if (!engines.includes(engine) || (isLong && values.short)) continue
  const begin = performance.now()
  const finding = await trial.run(means).catch((error: unknown): Finding | undefined => {
    if (!(error instanceof LeftOut)) return { measured: LevinError.from(error).message, holds: false }
    console.log(`left out  ${id}  ${trial.attack}: ${error.message}`)
    return undefined
  })
  stopAll()
  if (finding === undefined) continue
  const reason = trial.knownToFail?.[engine]
  rows.push({ trial, finding, reason: finding.holds ? undefined : reason })
  const verdict = finding.holds ? 'holds' : reason === undefined ? 'FAILS' : 'fails, as is known'
  const took = ((performance.now() - begin) / 1000).toFixed(0)
  console.log(`${verdict}  ${id}  ${trial.attack}: ${finding.measured}  (${took} s)`)
}

console.log(`\n${tableOf(engine, rows)}`)
if (values.page) writePage(engine, rows, TRIALS)
const holding = rows.filter(({ finding }) => finding.holds).length
const known = rows.filter(({ reason }) => reason !== undefined).length
const failed = rows.length - holding - known
console.log(`${holding} hold, ${known} fail as is known, ${failed} fail`)
process.exit(failed === 0 ? 0 : 1)
