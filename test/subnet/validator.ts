/** Levin's validator over all miners of a file: `validator.js FILE ROUNDS SIZE`. Prints one JSON line; see `subnet.rs` for the same in Rust. */
import 'reflect-metadata'
import { readFileSync } from 'node:fs'
import { type Axon, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { seedOf } from '../interop/options.js'

const [file, rounds, size] = process.argv.slice(2)
const axons = JSON.parse(readFileSync(file!, 'utf8')) as Axon[]
const Echo = synapse('echo', {})
const request = { payload: Buffer.alloc(Number(size), 0x5a) }

let begin = performance.now()
const validator = new Validator({ signer: seedSigner(seedOf(2)), logger: silentLogger })

async function round(): Promise<number> {
  const outcomes = await validator.queryAll(axons, Echo, request)
  const failed = outcomes.find(({ ok }) => !ok)
  if (failed !== undefined && !failed.ok) throw failed.error
  const took = performance.now() - begin
  begin = performance.now()
  return took
}

const firstMs = await round()
const roundsMs: number[] = []
for (let n = 0; n < Number(rounds); n++) roundsMs.push(await round())
console.log(JSON.stringify({ firstMs, roundsMs, memoryKib: process.resourceUsage().maxRSS }))
process.exit(0)
