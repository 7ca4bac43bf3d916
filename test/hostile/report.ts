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

/** Puts an engine's table between its two marks. */
export function writePage(engine: EngineName, rows: readonly Row[]): void {
  const [begin, end] = [`<!-- npm run hostile: ${engine} -->`, `<!-- end of ${engine} -->`]
  const page = readFileSync(PAGE, 'utf8')
  const [head, rest] = page.split(begin)
  const tail = rest?.split(end)[1]
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} has no '${begin}' and '${end}'`)
  writeFileSync(PAGE, `${head}${begin}\n\n${tableOf(engine, rows)}\n${end}${tail}`)
}

/** Attack, engine, what was sent, what the miner and an honest peer had, asked and measured. */
export function tableOf(engine: EngineName, rows: readonly Row[]): string {
  return formatTable([
    [
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
    ],
    ...rows.map(({ trial: { id, attack, asked }, finding, reason }) => [
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
    ]),
  ])
}

const pair = (of: readonly [number, number] | undefined, format: (value: number) => string): string =>
  of === undefined ? '' : of.map(format).join(' → ')

const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} KB` : `${(bytes / 1e6).toFixed(0)} MB`
