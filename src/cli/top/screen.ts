/** What fits on a terminal, and how it is drawn there again and again. */

/** A blank line between sections. */
const laid = (sections: readonly (readonly string[])[]): string[] =>
  sections.flatMap((section, i) => (i === 0 ? section : ['', ...section]))

/** Pure. The longest section gives up its last lines until all fit, and says how many. */
export function fitted(
  sections: readonly (readonly string[])[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const kept = sections.map((section) => section.length)
  let over = laid(sections).length - rows
  const cut = new Set<number>()
  while (over > 0) {
    const longest = kept.indexOf(Math.max(...kept))
    if (kept[longest]! <= 3) break // the rest is cut below: a screen of so few rows shows the beginning
    kept[longest]! -= cut.has(longest) ? 1 : 2 // one more for the line that says so
    over--
    cut.add(longest)
  }
  const shorter = sections.map((section, i) =>
    cut.has(i) ? [...section.slice(0, kept[i]), `  and ${section.length - kept[i]!} more`] : section,
  )
  return laid(shorter)
    .slice(0, rows)
    .map((line) => line.slice(0, columns))
}

/** The terminal's other screen: what stood there before comes back in the end. Lines are not wrapped, however wide their characters. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

export class Screen {
  readonly #out: NodeJS.WriteStream

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    out.write(ENTER)
  }

  show(sections: readonly (readonly string[])[]): void {
    const { columns, rows } = this.#out // 0 where nobody said
    const lines = fitted(sections, { columns: columns || 80, rows: rows || 24 })
    this.#out.write(`${HOME}${lines.join(`${CLEAR_LINE}\n`)}${CLEAR_LINE}${CLEAR_BELOW}`)
  }

  close(): void {
    this.#out.write(LEAVE)
  }
}
