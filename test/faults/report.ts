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

/** As Markdown, its columns padded as the formatter leaves them. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ['test', 'what', 'asked', 'measured', 'holds'],
    ...rows.map(({ id, what, asked, measured, holds }) => [id, what, asked, measured, holds ? 'yes' : 'no']),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [head, ...body] = cells
  return `${[line(head!), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')}\n`
}
