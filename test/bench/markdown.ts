/** Tables as the project's formatter leaves them, so that a page needs no second step. */
export function markdownTable(
  head: readonly string[],
  lines: readonly (readonly string[])[],
  /** The columns before this one hold names; the others are numbers, which stand to the right. */
  numbersFrom: number,
): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...lines.map((cells) => cells[column]!.length)),
  )
  const print = (cells: readonly string[]): string => {
    const padded = cells.map((text, column) =>
      column < numbersFrom ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
    )
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) =>
    column < numbersFrom ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [print(head), print(rule), ...lines.map(print)].join('\n')
}
