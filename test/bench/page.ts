/** The page under docs/ that shows a whole run, and README's part of it. */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { markdownTable } from './markdown.js'
import { formatSize } from './options.js'
import type { Blocking, DoorCost, Overhead, Protection } from './overhead.js'
import { REFERENCE } from './pairs.js'
import { plot } from './plot.js'
import { withSummary } from './readme.js'
import { METRICS, type Row } from './results.js'
import { STREAM_BYTES, STREAM_METRICS, type StreamRow } from './streams.js'
import {
  formatBlocking,
  formatChunk,
  formatDoors,
  formatLoad,
  formatOverheads,
  formatProtections,
  formatRatio,
  group,
  STREAM_TITLES,
  TITLES,
} from './table.js'

export interface PageContent {
  readonly rows: readonly Row[]
  readonly streams: readonly StreamRow[]
  readonly rounds: number
  readonly overheads: readonly Overhead[]
  readonly protections: readonly Protection[]
  readonly doors: readonly DoorCost[]
  readonly blocking: readonly Blocking[]
  /** Pairs that could not be measured, and why. */
  readonly notes: readonly string[]
}

/** @returns the paths that were written */
export async function writePage(content: PageContent): Promise<string[]> {
  const page = project('docs/benchmarks.md')
  const picture = project('docs/benchmarks.svg')
  const readme = project('README.md')
  await writeFile(picture, plot(content.rows))
  await writeFile(page, markdown(content))
  await writeFile(readme, withSummary(await readFile(readme, 'utf8'), content))
  return [page, picture, readme]
}

const project = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

function markdown({
  rows,
  streams,
  rounds,
  overheads,
  protections,
  doors,
  blocking,
  notes,
}: PageContent): string {
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
miner with its protections off, \`levin-guarded\` one with a blacklist, a body limit and the priority queue besides. Pairs
that end in \`quiche\` are Levin on its other engine. \`bittensor-bittensor\` is the dendrite and the axon of bittensor
10.5.0: JSON over HTTP, with the payload as base64. In \`bittensor-levin\` the same dendrite asks a Levin miner with its HTTP
doors open; \`http-levin\` and \`http-bittensor\` are a client that costs next to nothing, at the same two.

![Requests a second of each pair, in times of ${REFERENCE}](benchmarks.svg)

## Ratios to ${REFERENCE}

For requests/s more is better, for all others less.

${table(group(rows, formatLoad), 'load', METRICS, TITLES)}
${streamSection(streams)}${list('Not measured', notes)}${list('What a typed handler costs', [...formatOverheads(overheads), ...formatBlocking(blocking)])}${list('What protections cost', formatProtections(protections))}${list('HTTP: a Levin miner beside an axon', formatDoors(doors))}
## How it is measured

- **Requests/s, p50, p99**: the client keeps so many requests in flight, and counts the answers of a window of a second.
  The window is longer where answers are so slow that it would hold only a few of each. Not measured: 0.3 s of warm-up
  before it, 1 s for Levin's client, whose code is compiled while it runs; and 1 s for each miner when it starts.
- **\`bittensor-bittensor\`** is measured at 1 KB alone. The axon checks each signature, as it does by default, and its handler
  gives back what it got. Each request in flight has a dendrite of its own, since an axon refuses what is older than the
  last request of the same one. It, \`python-python\` and the pairs that show one detail are measured with 1 and 32 in
  flight: more tells nothing new of them.
- **\`http-levin\` and \`http-bittensor\`**: each request in flight has a connection of its own, which is kept. Requests
  are signed before they are measured, so that the client is not what is slow; what it sends is what a dendrite sends.
- **Streams**: one at a time, on a connection that is up; the median of 3 in each measurement. First chunk: of 21 streams
  of four chunks, read to their end one after another. Chunks are made anew by the handler, and let go by the client when
  it has counted them. Not measured: 0.3 s of streams before that, 1 s for Levin's client.
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

function streamSection(rows: readonly StreamRow[]): string {
  if (rows.length === 0) return ''
  return `
## Streams, in ratios to ${REFERENCE}

A handler's stream of ${formatSize(STREAM_BYTES)}. For MB/s more is better, for the time to the first chunk less.

${table(group(rows, formatChunk), 'stream', STREAM_METRICS, STREAM_TITLES)}
`
}

function table<M extends string>(
  groups: ReadonlyMap<string, readonly { pair: string; ratios: Readonly<Record<M, number | null>> }[]>,
  load: string,
  metrics: readonly M[],
  titles: Readonly<Record<M, string>>,
): string {
  const names = metrics.map((metric) => titles[metric].replace(/ (ms|us)$/, ''))
  const lines = [...groups].flatMap(([name, rows]) =>
    rows.map(({ pair, ratios }, at) => [
      at === 0 ? name : '',
      pair,
      ...metrics.map((metric) => formatRatio(ratios[metric])),
    ]),
  )
  return markdownTable([load, 'pair', ...names], lines, 2)
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `\n## ${title}\n\n${items.map((item) => `- ${item}`).join('\n')}\n`
}
