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

/** Lines that are written over the ones before, on a terminal. */
export class LiveLines {
  #shown = 0

  show(lines: readonly string[]): void {
    const back = this.#shown === 0 ? '' : `\x1b[${this.#shown}A\x1b[0J`
    process.stdout.write(`${back}${lines.join('\n')}\n`)
    this.#shown = lines.length
  }
}
