/** Rows as aligned columns. The last one is not padded, so it may hold text of any width. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    }
  }
  for (const row of rows) {
    const cells = row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]!) : cell))
    console.log(`  ${cells.join('  ')}`)
  }
}
