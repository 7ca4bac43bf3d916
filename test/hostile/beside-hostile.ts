/** A validator that asks hostile miners and honest ones at once. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Axon } from 'levin'
import { script } from '../bench/peers.js'
import { runToLine, startMiner } from '../bench/processes.js'
import { countEach } from '../faults/report.js'
import { Subnet } from '../subnet/subnet.js'
import type { Asked } from './asking-validator.js'
import { MIB } from './attack.js'
import type { Trial } from './means.js'

const HONEST = 50
const MOST_MIB = 256
const LIMIT_MS = 180_000
/** Who never answers is waited for so long, and who does on however busy a machine for so long. */
const SILENT_MS = 5_000
const ANSWER_MS = 60_000

/** What a validator has to report of each kind of `rogue-miners.ts`. */
const REPORTED: Readonly<Record<string, string>> = {
  junk: 'PROTOCOL',
  'huge length': 'PROTOCOL',
  'endless frame': 'TIMED_OUT',
  'endless stream': 'LIMIT',
  'another certificate': 'WRONG_PEER',
  'no answer': 'TIMED_OUT',
  'answer after the close': 'CONNECTION_LOST',
  'decode bomb': 'PROTOCOL',
  'answer of 64 MiB': 'INVALID_ANSWER',
  'nobody there': 'TIMED_OUT',
}

export const besideHostile: Trial = {
  id: 'validator',
  attack: `a validator asks ${HONEST} hostile miners of ${Object.keys(REPORTED).length} kinds and ${HONEST} honest ones, all at once`,
  asked: `each honest one answered, each hostile one reported with the right code, ${MOST_MIB} MiB at most`,
  async run(means) {
    const folder = mkdtempSync(join(tmpdir(), 'levin-hostile-'))
    try {
      const file = join(folder, 'rogues')
      const times = HONEST / Object.keys(REPORTED).length
      await startMiner('the rogue miners', script('../hostile/rogue-miners.js', file, String(times)))
      const rogues = JSON.parse(readFileSync(file, 'utf8')) as { kind: string; axon: Axon }[]
      const honest = await new Subnet().start({ first: 40_000, count: HONEST })
      const list = join(folder, 'axons')
      const asked: Asked[] = rogues.map(({ kind, axon }) => {
        const timeoutMs = REPORTED[kind] === 'TIMED_OUT' ? SILENT_MS : ANSWER_MS
        return { axon, isStream: kind === 'endless stream', timeoutMs }
      })
      asked.push(...honest.axons.map((axon) => ({ axon, isStream: false, timeoutMs: ANSWER_MS })))
      writeFileSync(list, JSON.stringify(asked))
      const { line } = await runToLine(
        'the validator',
        script('../hostile/asking-validator.js', list),
        LIMIT_MS,
      )
      const { codes, most } = JSON.parse(line) as { codes: string[]; most: number }
      const wrong = rogues.flatMap(({ kind }, i) =>
        codes[i] === REPORTED[kind] ? [] : [`${kind}: ${codes[i]}`],
      )
      const unanswered = codes.slice(rogues.length).filter((code) => code !== 'ok')
      const misjudged = [
        ...countEach(wrong),
        ...countEach(unanswered).map((one) => `${one} of an honest one`),
      ]
      return {
        measured: `${misjudged.length === 0 ? 'each as it should be' : misjudged.join(', ')}; ${(most / MIB).toFixed(0)} MiB at most`,
        holds: misjudged.length === 0 && (means.isShort || most <= MOST_MIB * MIB),
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}
