/** Bars of requests a second in times of the reference pair, as SVG. One panel an in-flight count. */
import { formatSize } from './options.js'
import { PAIRS, REFERENCE } from './pairs.js'
import type { Row } from './results.js'

const COLOURS = ['#2563eb', '#0d9488', '#d97706', '#6b7280', '#b91c1c', '#7c3aed']
const WIDTH = 900
const PANEL = 190
const LEFT = 60
const TOP = 64
/** From the bottom of one panel's bars to the top of the next one's. */
const GAP = 56

export function plot(rows: readonly Row[]): string {
  const details = new Set(PAIRS.filter(({ detail }) => detail).map(({ name }) => name))
  const known = rows.filter(({ pair, ratios }) => ratios.rps !== null && !details.has(pair))
  const pairs = distinct(known, ({ pair }) => pair)
  const panels = distinct(known, ({ inflight }) => inflight).sort((a, b) => a - b)
  const highest = Math.max(1, ...known.map(({ ratios }) => ratios.rps!))
  const step = highest > 4 ? Math.ceil(highest / 4) : highest > 2 ? 1 : 0.5
  const top = Math.ceil(highest / step) * step

  const height = TOP + panels.length * (PANEL + GAP)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    '<title>Levin and btlightning side by side</title>',
    // an image of its own on a page of any colour
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(
      LEFT,
      24,
      `Requests a second, times ${REFERENCE} of the same run (more is better)`,
      'font-weight="bold"',
    ),
    ...pairs.map((pair, at) => legend(pair, at)),
  ]
  panels.forEach((inflight, at) => {
    const of = known.filter((row) => row.inflight === inflight)
    parts.push(...panel(of, pairs, TOP + 24 + at * (PANEL + GAP), top, step, `${inflight} in flight`))
  })
  return `${[...parts, '</svg>'].join('\n')}\n`
}

function legend(pair: string, at: number): string {
  const x = LEFT + at * 135
  return `${bar(x, 38, 12, 12, at)}${text(x + 17, 49, pair)}`
}

function panel(
  rows: readonly Row[],
  pairs: readonly string[],
  y: number,
  top: number,
  step: number,
  title: string,
): string[] {
  const parts = [text(LEFT, y - 8, title)]
  const level = (ratio: number): number => y + PANEL - (ratio / top) * PANEL
  for (let line = 0; line <= top; line += step) {
    const colour = line === 1 ? '#111' : '#ddd'
    parts.push(`<path d="M${LEFT} ${level(line)}H${WIDTH - 20}" stroke="${colour}"/>`)
    parts.push(text(LEFT - 8, level(line) + 4, String(line), 'text-anchor="end"'))
  }
  const sizes = distinct(rows, ({ size }) => size).sort((a, b) => a - b)
  const group = (WIDTH - 20 - LEFT) / sizes.length
  const width = Math.floor((group * 0.8) / pairs.length)
  sizes.forEach((size, at) => {
    const x = LEFT + at * group
    parts.push(text(x + group / 2, y + PANEL + 18, formatSize(size), 'text-anchor="middle"'))
    for (const { pair, ratios } of rows.filter((row) => row.size === size)) {
      const place = pairs.indexOf(pair)
      const height = y + PANEL - level(ratios.rps!)
      parts.push(bar(x + group * 0.1 + place * width, level(ratios.rps!), width - 2, height, place))
    }
  })
  return parts
}

function bar(x: number, y: number, width: number, height: number, pair: number): string {
  const [left, top, high] = [x, y, height].map((value) => value.toFixed(1))
  const colour = COLOURS[pair % COLOURS.length]
  return `<rect x="${left}" y="${top}" width="${width}" height="${high}" fill="${colour}"/>`
}

function text(x: number, y: number, words: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="#111" ${more}>${words}</text>`
}

function distinct<T>(rows: readonly Row[], of: (row: Row) => T): T[] {
  return [...new Set(rows.map(of))]
}
