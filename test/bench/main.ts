/** `npm run bench`: how Levin compares with btlightning's own peers, in one run on one machine. */
import { writeFile } from 'node:fs/promises'
import { type BenchOptions, readOptions, USAGE } from './options.js'
import {
  type Blocking,
  doorCosts,
  measureBlocking,
  type Overhead,
  overheads,
  protections,
} from './overhead.js'
import { writePage } from './page.js'
import { type Pair, TYPED } from './pairs.js'
import { type Peers, preparePeers, script } from './peers.js'
import { stopAll } from './processes.js'
import { type Row, summarise } from './results.js'
import { runAll } from './run.js'
import { type StreamRow, summariseStreams } from './streams.js'
import {
  formatBlocking,
  formatDoors,
  formatOverheads,
  formatProtections,
  formatStreams,
  formatTable,
} from './table.js'

/** @returns the exit code */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(USAGE)
    return 0
  }
  const peers = await preparePeers(new Set(options.pairs.flatMap(({ client, miner }) => [client, miner])))
  const notes = options.pairs.flatMap((pair) => skipped(pair, peers))
  for (const note of notes) console.log(note)
  if (notes.length > 0 && process.env.CI === 'true') {
    console.error(
      'CI measures every pair that it is asked for: install what is missing, or name other --pairs',
    )
    return 1
  }
  const pairs = options.pairs.filter((pair) => skipped(pair, peers).length === 0)
  if (pairs.length === 0) return 1
  return report({ ...options, pairs }, peers, notes)
}

async function report(options: BenchOptions, peers: Peers, notes: readonly string[]): Promise<number> {
  const { samples, streams, failures } = await runAll(options, peers.ready)
  // Its miner must have the machine to itself, as those of the pairs had.
  stopAll()
  const typed = samples.some(({ pair }) => pair === TYPED)
  const blocking = typed ? await measureBlocking(script('blocking.js')) : []
  const rows = summarise(samples)
  const streamRows = summariseStreams(streams)
  const handler = overheads(samples)
  const protection = protections(samples)
  const doors = doorCosts(samples)

  if (rows.length > 0) console.log(formatTable(rows))
  if (streamRows.length > 0) console.log(formatStreams(streamRows))
  for (const line of [
    ...formatOverheads(handler),
    ...formatBlocking(blocking),
    ...formatProtections(protection),
    ...formatDoors(doors),
  ])
    console.log(line)
  if (options.json !== undefined) {
    const digits = (_: string, value: unknown) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
    await writeFile(
      options.json,
      `${JSON.stringify(objects(rows, streamRows, handler, blocking), digits, 2)}\n`,
    )
    console.log(`wrote ${options.json}`)
  }
  if (failures.length > 0) {
    console.error(`${failures.length} measurements failed:\n${failures.join('\n')}`)
    return 1
  }
  // What is committed shows everything, unless its author wants otherwise.
  if (options.page || (!options.narrowed && notes.length === 0)) {
    const written = await writePage({
      rows,
      streams: streamRows,
      rounds: options.rounds,
      overheads: handler,
      protections: protection,
      doors,
      blocking,
      notes,
    })
    console.log(`wrote ${written.join(' and ')}`)
  }
  return 0
}

/** The rows, with what is known of the typed handler in its own. */
function objects(
  rows: readonly Row[],
  streams: readonly StreamRow[],
  handler: readonly Overhead[],
  blocking: readonly Blocking[],
): object[] {
  const requests = rows.map((row) => {
    if (row.pair !== TYPED) return row
    const sameLoad = (one: Overhead): boolean => one.size === row.size && one.inflight === row.inflight
    return { ...row, minerCpuToBare: handler.find(sameLoad)?.times ?? null, blocking }
  })
  return [...requests, ...streams]
}

function skipped({ name, client, miner }: Pair, { missing }: Peers): string[] {
  const reason = missing.get(client) ?? missing.get(miner)
  return reason === undefined ? [] : [`${name} is skipped: ${reason}`]
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exitCode = 1
}
// The miners are up still, and would keep this process.
stopAll()
