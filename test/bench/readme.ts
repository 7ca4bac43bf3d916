/** The small table in README: what whole systems do, side by side. */
import { markdownTable } from './markdown.js'
import { BARE, BITTENSOR, PYTHON, REFERENCE } from './pairs.js'
import type { Row } from './results.js'
import { CHUNKS, type StreamRow } from './streams.js'
import { formatChunk, formatLoad, formatRatio } from './table.js'

const SYSTEMS: readonly [pair: string, name: string][] = [
  [BARE, 'Levin'],
  [REFERENCE, 'btlightning, Rust'],
  [PYTHON, 'btlightning, Python'],
  [BITTENSOR, 'bittensor 10.5, HTTP'],
]
const LOADS = [1, 32].map((inflight) => ({ size: 1024, inflight }))
const START = '<!-- npm run bench writes this -->'
const END = '<!-- until here -->'

interface Measured {
  readonly rows: readonly Row[]
  readonly streams: readonly StreamRow[]
}

/** @throws Error when the README has no place for it */
export function withSummary(readme: string, measured: Measured): string {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`README.md needs a line ${START} and after it one ${END}`)
  return `${readme.slice(0, start + START.length)}\n\n${summary(measured)}\n\n${readme.slice(end)}`
}

function summary({ rows, streams }: Measured): string {
  const titles = [...LOADS.map(formatLoad), ...CHUNKS.map((chunk) => `stream, ${formatChunk({ chunk })}`)]
  const lines = SYSTEMS.map(([pair, name]) => {
    const requests = LOADS.map(({ size, inflight }) =>
      rows.find((row) => row.pair === pair && row.size === size && row.inflight === inflight),
    )
    const chunks = CHUNKS.map((chunk) => streams.find((row) => row.pair === pair && row.chunk === chunk))
    return [
      name,
      ...requests.map((row) => formatRatio(row?.ratios.rps ?? null)),
      ...chunks.map((row) => formatRatio(row?.ratios.mbPerSecond ?? null)),
    ]
  })
  return markdownTable(['both ends', ...titles], lines, 1)
}
