export interface Row {
  readonly id: string
  readonly what: string
  readonly asked: string
  readonly measured: string
  readonly holds: boolean
}

/** `3 TIMED_OUT`, `7 ok`: how often each is there, in the order in which they came. */
export function countEach(codes: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1)
  return [...counts].map(([code, times]) => `${times} ${code}`)
}

/** Below which that share of the values is, from 0 to 1; 0 of none. */
export const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0

export const tableOf = (rows: readonly Row[]): string =>
  formatTable([
    ['test', 'what', 'asked', 'measured', 'holds'],
    ...rows.map(({ id, what, asked, measured, holds }) => [id, what, asked, measured, holds ? 'yes' : 'no']),
  ])

/** As Markdown, its columns padded as the formatter leaves them. The first row is the head. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [head, ...body] = cells
  return `${[line(head!), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')}\n`
}
