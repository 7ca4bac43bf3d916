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

/** Puts an engine's table between its two marks. Of trials that were not run this time, the lines that are there stay. */
export function writePage(engine: EngineName, rows: readonly Row[], trials: readonly Trial[]): void {
  const [begin, end] = [`<!-- npm run hostile: ${engine} -->`, `<!-- end of ${engine} -->`]
  const page = readFileSync(PAGE, 'utf8')
  const [head, rest] = page.split(begin)
  const [old, tail] = rest?.split(end) ?? []
  if (head === undefined || old === undefined || tail === undefined)
    throw new Error(`${PAGE} has no '${begin}' and '${end}'`)
  const known = [...rows.map((row) => cellsOf(engine, row)), ...linesOf(old)]
  const lines = trials.flatMap(({ id, attack }) => {
    const line = known.find(([oldId, oldAttack]) => oldId === id && oldAttack === attack)
    return line === undefined ? [] : [line]
  })
  writeFileSync(PAGE, `${head}${begin}\n\n${formatTable([HEAD, ...lines])}\n${end}${tail}`)
}

/** Cells of the lines that a table has, its head among them. */
const linesOf = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    )

/** Attack, engine, what was sent, what the miner and an honest peer had, asked and measured. */
export const tableOf = (engine: EngineName, rows: readonly Row[]): string =>
  formatTable([HEAD, ...rows.map((row) => cellsOf(engine, row))])

const HEAD = [
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

const cellsOf = (engine: EngineName, { trial: { id, attack, asked }, finding, reason }: Row): string[] => [
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
