/** The table of docs/SECURITY.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatTable } from '../faults/report.js'
import type { EngineName, Finding, Trial } from './means.js'

const PAGE = fileURLToPath(new URL('../../../docs/SECURITY.md', import.meta.url))
const MIB = 1024 * 1024

export interface Row {
  readonly trial: Trial
  readonly finding: Finding
  /** Why it is known not to hold; undefined when it holds, or is expected to. */
  readonly reason: string | undefined
}

const COLUMNS = [
  'test',
  'attack',
  'engine',
  'packets',
  'bytes',
  'memory, MiB',
  'honest p99, ms',
  'asked',
  'measured',
  'holds',
]

/**
 * Puts an engine's table between its two marks. What was not tried this time stays as it was.
 * @param trials all that there are, in the order of the table
 */
export function writePage(engine: EngineName, trials: readonly Trial[], rows: readonly Row[]): void {
  const [begin, end] = [`<!-- npm run hostile: ${engine} -->`, `<!-- end of ${engine} -->`]
  const page = readFileSync(PAGE, 'utf8')
  const [head, rest] = page.split(begin)
  const [table, tail] = rest?.split(end) ?? []
  if (head === undefined || table === undefined || tail === undefined)
    throw new Error(`${PAGE} has no '${begin}' and '${end}'`)
  const known = new Map<string, readonly string[]>(cellsIn(table).map((cells) => [nameIn(cells), cells]))
  for (const row of rows) known.set(nameOf(row.trial), cellsOf(engine, row))
  const kept = trials.flatMap((trial) => {
    const cells = known.get(nameOf(trial))
    return cells === undefined ? [] : [cells]
  })
  writeFileSync(PAGE, `${head}${begin}\n\n${formatTable([COLUMNS, ...kept])}\n${end}${tail}`)
}

const nameOf = ({ id, attack }: Trial): string => `${id} ${attack}`
const nameIn = ([id, attack]: readonly string[]): string => `${id} ${attack}`

/** Of a table in Markdown, without its head. */
const cellsIn = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

/** Attack, engine, what was sent, what the miner and an honest peer had, asked and measured. */
export const tableOf = (engine: EngineName, rows: readonly Row[]): string =>
  formatTable([COLUMNS, ...rows.map((row) => cellsOf(engine, row))])

const cellsOf = (
  engine: EngineName,
  { trial: { id, attack, asked }, finding, reason }: Row,
): readonly string[] => [
  id,
  attack,
  engine,
  finding.packets?.toLocaleString('en') ?? '',
  finding.bytes === undefined ? '' : size(finding.bytes),
  pair(finding.memory, (bytes) => (bytes / MIB).toFixed(0)),
  pair(finding.p99Ms, (ms) => ms.toFixed(1)),
  asked,
  finding.measured.replaceAll('|', '/').replaceAll('\n', ' '),
  finding.holds ? 'yes' : reason === undefined ? 'no' : `no: ${reason}`,
]

const pair = (of: readonly [number, number] | undefined, format: (value: number) => string): string =>
  of === undefined ? '' : of.map(format).join(' → ')

const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} KB` : `${(bytes / 1e6).toFixed(0)} MB`
