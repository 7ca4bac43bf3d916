/** Levin's reader of streams in the benchmark; `bench-stream` of the Rust peer is the same. Prints one JSON line. */
import 'reflect-metadata'
import { synapse } from 'levin'
import { numberOption } from './arguments.js'
import { axon, start, WARM_UP_MS } from './connect.js'
import { median } from './results.js'

const chunk = numberOption('size')
const bytes = numberOption('bytes')
const streams = numberOption('streams')
const short = numberOption('short')
const firsts = numberOption('firsts')

const bulk = synapse('bulk', { stream: true })
const miner = await start().connect(axon)

interface Times {
  /** Milliseconds since the query. */
  readonly first: number
  readonly whole: number
}

async function read(wanted: number): Promise<Times> {
  const begin = performance.now()
  let first: number | undefined
  let got = 0
  for await (const { length } of miner.stream(bulk, { bytes: wanted, chunk })) {
    first ??= performance.now() - begin
    got += length
  }
  if (first === undefined || got !== wanted) throw new Error(`a stream of ${wanted} bytes had ${got}`)
  return { first, whole: performance.now() - begin }
}

async function repeat(times: number, wanted: number): Promise<Times[]> {
  const all: Times[] = []
  for (let i = 0; i < times; i++) all.push(await read(wanted))
  return all
}

const warm = performance.now() + WARM_UP_MS
while (performance.now() < warm) await read(bytes)
const whole = await repeat(streams, bytes)
const begun = await repeat(firsts, short)
miner.close()
console.log(
  JSON.stringify({
    wholeMs: median(whole.map((times) => times.whole)),
    firstMs: median(begun.map((times) => times.first)),
  }),
)
process.exit(0)
