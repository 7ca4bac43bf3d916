/** The page under docs/ that shows a whole run. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Blocking, Overhead, Protection } from './overhead.js'
import { REFERENCE } from './pairs.js'
import { plot } from './plot.js'
import { METRICS, type Row } from './results.js'
import {
  byLoad,
  formatBlocking,
  formatLoad,
  formatOverheads,
  formatProtections,
  formatRatio,
  TITLES,
} from './table.js'

export interface PageContent {
  readonly rows: readonly Row[]
  readonly rounds: number
  readonly overheads: readonly Overhead[]
  readonly protections: readonly Protection[]
  readonly blocking: readonly Blocking[]
  /** Pairs that could not be measured, and why. */
  readonly notes: readonly string[]
}

/** @returns the paths that were written */
export async function writePage(content: PageContent): Promise<string[]> {
  const page = docs('benchmarks.md')
  const picture = docs('benchmarks.svg')
  await writeFile(picture, plot(content.rows))
  await writeFile(page, markdown(content))
  return [page, picture]
}

const docs = (name: string): string => fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url))

function markdown({ rows, rounds, overheads, protections, blocking, notes }: PageContent): string {
  const machine = `Node ${process.versions.node}, ${cpus().length} cores, ${process.platform} ${process.arch}`
  return `# Benchmarks

Written by \`npm run bench\`; do not edit it by hand.

Client and miner run on one machine, each in a process of its own, and send a binary payload to \`echo\` and back. All
pairs are measured in turn, over and over (rounds: ${rounds}); each figure is the median of its rounds.

**Every figure of a pair below is a ratio to \`${REFERENCE}\`**, btlightning's own client and miner, measured seconds apart
in the same round. How fast a request is depends on the machine; how the pairs compare depends on it far less. Nothing
here promises a speed: run \`npm run bench\` on yours. This run: ${machine}.

Pairs are named client first, miner second. \`levin-typed\` is Levin's client and a Levin miner whose handler is behind
injection, validation of request and answer, and one middleware; its request has two more fields. \`levin-open\` is a Levin
miner with its protections off, \`levin-guarded\` one with a blacklist, a body limit and the priority queue besides.

![Requests a second of each pair, in times of ${REFERENCE}](benchmarks.svg)

## Ratios to ${REFERENCE}

For requests/s more is better, for all others less.

${table(rows)}
${list('Not measured', notes)}${list('What a typed handler costs', [...formatOverheads(overheads), ...formatBlocking(blocking)])}${list('What protections cost', formatProtections(protections))}
## How it is measured

- **Requests/s, p50, p99**: the client keeps so many requests in flight, and counts the answers of a window of a second.
  The window is longer where answers are so slow that it would hold only a few of each. Not measured: 0.3 s of warm-up
  before it, 1 s for Levin's client, whose code is compiled while it runs; and 1 s for each miner when it starts.
- **Set-up**: from nothing to the first answer of a new connection; the median of 9 in each measurement.
- **Client CPU**: what the client's process used in the window, by the answers in it.
- **Miner CPU**: what all threads of the miner's process used a second (\`/proc/PID/task/*/schedstat\`, sampled every
  100 ms) in the steady middle of the window, by the answers a second. The process that watches uses a little of the
  machine itself, the same for all pairs.
- **Wire bytes**: what the loopback carried in that time, by the answers: both directions, with headers,
  acknowledgements and whatever else used it. A batch that is handed to the kernel in one piece has one header there.
- **What blocks the loop**: a process with only a miner in it, asked one request after another. Binding is timed around
  \`next()\` of a middleware, by the clock and by the CPU of the whole process; the delay of the loop is that of a timer of 1 ms, and so includes packets, decoding, garbage
  collection, and other processes on the same cores.

\`npm run bench -- --help\` shows how to narrow a run; \`--json FILE\` writes the figures themselves.
`
}

function table(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const names = METRICS.map((metric) => TITLES[metric].replace(/ (ms|us)$/, ''))
  return [
    line(['load', 'pair', ...names]),
    line(['---', '---', ...names.map(() => '---:')]),
    ...byLoad(rows).flatMap((group) =>
      group.map((row, at) =>
        line([
          at === 0 ? formatLoad(row) : '',
          row.pair,
          ...METRICS.map((metric) => formatRatio(row.ratios[metric])),
        ]),
      ),
    ),
  ].join('\n')
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `\n## ${title}\n\n${items.map((item) => `- ${item}`).join('\n')}\n`
}
