/** Levin's client in the benchmark; see peers/ for the same program in Rust and Python. Prints one JSON line. */
import 'reflect-metadata'
import { type SynapseData, synapse } from 'levin'
import { numberOption } from './arguments.js'
import { axon, start, WARM_UP_MS } from './connect.js'
import { median } from './results.js'

const size = numberOption('size')
const inFlight = numberOption('inflight')
const seconds = numberOption('seconds')
const setups = numberOption('setups', 0)
const typed = process.argv.includes('--typed')

const target = synapse(typed ? 'typed' : 'echo', {})
const payload = Buffer.alloc(size, 7)
const request: SynapseData = typed ? { city: 'Oslo', days: 3, payload } : { payload }

/** Set-ups before those that count: what a validator does all its life is compiled. */
const WARM_UP_SETUPS = 8

async function setUpMs(): Promise<number> {
  const begin = performance.now()
  const validator = start()
  const miner = await validator.connect(axon)
  await miner.query(target, request)
  const took = performance.now() - begin
  validator.close()
  return took
}

const miner = await start().connect(axon)
const latencies: number[] = []
let measuring = false
let running = true

async function ask(): Promise<void> {
  while (running) {
    const asked = performance.now()
    const { data } = await miner.query(target, request)
    if ((data.payload as Uint8Array).length !== size) throw new Error('the answer is not the request')
    if (measuring) latencies.push(performance.now() - asked)
  }
}

const asking = Promise.all(Array.from({ length: inFlight }, ask))
await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS))
measuring = true
const begin = performance.now()
const cpu = process.cpuUsage()
await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
const used = process.cpuUsage(cpu)
const elapsed = (performance.now() - begin) / 1000
measuring = false
running = false
const requests = latencies.length
await asking
latencies.sort((a, b) => a - b)
miner.close()

// Last, when the process is warm, as the miner is: a validator sets up connections all its life.
if (setups > 0) for (let i = 0; i < WARM_UP_SETUPS; i++) await setUpMs()
const setupTimes: number[] = []
for (let i = 0; i < setups; i++) setupTimes.push(await setUpMs())

// not public: what a frame weighs is only asked here
const { encodeSynapsePacket } = await import(new URL('../../../dist/wire/messages.js', import.meta.url).href)
console.log(
  JSON.stringify({
    rps: requests / elapsed,
    p50Ms: latencies[Math.floor(requests * 0.5)],
    p99Ms: latencies[Math.floor(requests * 0.99)],
    setupMs: median(setupTimes),
    cpuUs: (used.user + used.system) / requests,
    requests,
    frameBytes: encodeSynapsePacket({
      synapseType: target.name,
      data: request,
      timestamp: Math.floor(Date.now() / 1000),
    }).length,
  }),
)
process.exit(0)
