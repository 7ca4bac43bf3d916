/**
 * The miner that is attacked: `miner.js --control PATH [options]`. Who asks over HTTP on the Unix socket PATH is told its
 * `stats()`, what it has of memory after a collection of garbage, and for how long its loop stood still since the last time
 * it was asked. Admits everybody who can sign. With `--http` it is asked by HTTP as well.
 */
import 'reflect-metadata'
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, Miner, open, type SynapseData, seedSigner, silentLogger, synapse } from 'levin'
import { option, seedOf } from '../interop/options.js'

/** Finer than what is looked for; each tick costs a turn of the loop. */
const RESOLUTION_MS = 5

if (process.argv.includes('--unpinned')) await import('./unpinned.js')

const miner = new Miner({
  signer: seedSigner(seedOf(1)),
  access: open(),
  logger: silentLogger,
  strangerTimeoutMs: Number(option('stranger-timeout', '30')) * 1000,
  progressTimeoutMs: Number(option('progress-timeout', '60')) * 1000,
})

/** Chunk i is `size` bytes of i mod 256. */
async function* count({ n, size }: SynapseData): AsyncIterable<Uint8Array> {
  for (let i = 0; i < Number(n); i++) yield Buffer.alloc(Number(size), i % 256)
}

miner
  .synapse(synapse('echo', {}), (data) => data)
  .synapse(synapse('counted', {}), (data) => data)
  .synapse(synapse('slow', {}), async (_data, call: Call) => {
    await sleep(60_000, undefined, { signal: call.signal })
    return {}
  })
  .synapse(synapse('count', { stream: true }), (data) => count(data))
const http = process.argv.includes('--http')
const { port } = await miner.listen({ host: '127.0.0.1', port: 0, ...(http && { http }) })

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
loop.enable()

const control = createServer((_, response) => {
  const longestMs = loop.max / 1e6 - RESOLUTION_MS
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  response.end(JSON.stringify({ stats: miner.stats(), rss, heapUsed, longestMs }))
  // the collection is ours, and no standstill of the miner
  setImmediate(() => loop.reset())
})
control.listen(option('control'), () => console.log(`listening ${port}`))
