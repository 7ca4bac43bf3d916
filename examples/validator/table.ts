/** Rows as lines of aligned columns. The last one is not padded, so it may hold text of any width. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    }
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]!) : cell))
    return `  ${cells.join('  ')}`
  })
}

/** Lines that are written over the ones before, on a terminal. What does not fit on it could not be written over. */
export class LiveLines {
  #shown = 0

  show(lines: readonly string[]): void {
    const { columns, rows } = process.stdout // 0 where nobody said
    const fitting = lines.slice(0, (rows || 24) - 2).map((line) => line.slice(0, (columns || 80) - 1))
    if (fitting.length < lines.length) fitting.push(`  and ${lines.length - fitting.length} more`)
    const back = this.#shown === 0 ? '' : `\x1b[${this.#shown}A\x1b[0J`
    process.stdout.write(`${back}${fitting.join('\n')}\n`)
    this.#shown = fitting.length
  }
}
