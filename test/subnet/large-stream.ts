/** One stream of 10 GB in chunks of 1 MiB, read slower than it could be sent: what the validator holds of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger, synapse, Validator } from 'levin'
import { script } from '../bench/peers.js'
import { startMiner } from '../bench/processes.js'
import { axonAt, validatorSigner } from '../faults/means.js'

const MIB = 1024 * 1024
const CHUNKS = 9_600
const BYTES = CHUNKS * MIB
/** The reader stops for a moment after so many chunks. */
const PAUSE_EVERY = 8
const SAMPLE_EVERY = 100
/** What is there before has grown to its size. */
const WARM_BYTES = 1_000_000_000
const MOST_GROWTH = 32 * MIB

const Count = synapse('count', { stream: true })

export async function largeStream(): Promise<boolean> {
  const { port } = await startMiner(
    'the miner',
    script('../interop/levin-miner.js', '--port', '0', '--handler-timeout', '140'),
  )
  const validator = new Validator({ signer: validatorSigner(0), logger: silentLogger })
  const request = { n: CHUNKS, size: MIB }
  const held: number[] = []
  let bytes = 0
  let chunks = 0
  const begin = performance.now()
  for await (const chunk of validator.stream(axonAt(port), Count, request, {
    maxStreamBytes: Number.POSITIVE_INFINITY,
  })) {
    bytes += chunk.length
    if (++chunks % PAUSE_EVERY === 0) await sleep(1)
    if (bytes > WARM_BYTES && chunks % SAMPLE_EVERY === 0) held.push(process.memoryUsage.rss())
  }
  validator.close()
  const seconds = (performance.now() - begin) / 1000
  const mib = (value: number): string => (value / MIB).toFixed(0)
  const [early, late] = [held.slice(0, 20), held.slice(-20)].map((some) => Math.max(...some))
  console.log(
    `a stream of ${(bytes / 1e9).toFixed(1)} GB to a slow reader: ${seconds.toFixed(0)} s; ${mib(early!)} MiB of memory after its first GB, ${mib(late!)} MiB at its end, ${mib(Math.max(...held))} MiB at most`,
  )
  return bytes === BYTES && late! - early! < MOST_GROWTH
}
