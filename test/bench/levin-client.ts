/** Levin's client in the benchmark; see peers/ for the same program in Rust and Python. Prints one JSON line. */
import 'reflect-metadata'
import { type SynapseData, synapse } from 'levin'
import { measureLoad, size } from './client-load.js'
import { axon, start } from './connect.js'

const typed = process.argv.includes('--typed')
const target = synapse(typed ? 'typed' : 'echo', {})
const payload = Buffer.alloc(size, 7)
const request: SynapseData = typed ? { city: 'Oslo', days: 3, payload } : { payload }

// not public: what a frame weighs is only asked here
const { encodeSynapsePacket } = await import(new URL('../../../dist/wire/messages.js', import.meta.url).href)
const timestamp = Math.floor(Date.now() / 1000)
const frame = encodeSynapsePacket({ synapseType: target.name, data: request, timestamp })

const miner = await start().connect(axon)
await measureLoad({
  frameBytes: frame.length,
  async ask() {
    const { data } = await miner.query(target, request)
    if ((data.payload as Uint8Array).length !== size) throw new Error('the answer is not the request')
  },
  close: () => miner.close(),
  async setUpMs() {
    const begin = performance.now()
    const validator = start()
    const miner = await validator.connect(axon)
    await miner.query(target, request)
    const took = performance.now() - begin
    validator.close()
    return took
  },
})
