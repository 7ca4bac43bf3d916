/**
 * The validator that hostile miners answer: `asking-validator.js FILE STREAMED`, where FILE has axons as JSON, and the
 * indexes of those that are asked for a stream are in STREAMED, with commas. Asks all at once, and prints as one line the
 * code of each outcome and the most memory that it had.
 */
import 'reflect-metadata'
import { readFileSync } from 'node:fs'
import { type Axon, IsBytes, LevinError, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { seedOf } from '../interop/options.js'

/** What an honest miner needs on a busy machine, and a silent one is waited for. */
const TIMEOUT_MS = 15_000

class Payload {
  @IsBytes({ max: 2048 }) payload!: Uint8Array
}
const echo = synapse('echo', { response: Payload })
const count = synapse('count', { stream: true })

const axons = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Axon[]
const streamed = new Set(process.argv[3]!.split(',').map(Number))
const validator = new Validator({
  signer: seedSigner(seedOf(3)),
  logger: silentLogger,
  timeoutMs: TIMEOUT_MS,
  connectTimeoutMs: TIMEOUT_MS,
})
const request = { payload: Buffer.alloc(1024, 0x5a) }

async function ask(axon: Axon, index: number): Promise<string> {
  try {
    if (streamed.has(index)) {
      for await (const _ of validator.stream(axon, count, { n: 1, size: 1 })) {
        // the miner never ends it
      }
    } else await validator.query(axon, echo, request)
    return 'ok'
  } catch (error) {
    return LevinError.from(error).code
  }
}

const codes = await Promise.all(axons.map(ask))
validator.close()
const most = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
console.log(JSON.stringify({ codes, most }))
process.exit(0)
