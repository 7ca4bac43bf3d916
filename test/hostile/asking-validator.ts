/**
 * The validator that hostile miners answer: `asking-validator.js FILE`, where FILE has whom to ask for what, as JSON. Asks
 * all at once, and prints as one line the code of each outcome and the most memory that it had.
 */
import 'reflect-metadata'
import { readFileSync } from 'node:fs'
import { type Axon, IsBytes, LevinError, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { seedOf } from '../interop/options.js'

const CONNECT_MS = 20_000

export interface Asked {
  readonly axon: Axon
  readonly isStream: boolean
  readonly timeoutMs: number
}

class Payload {
  @IsBytes({ max: 2048 }) payload!: Uint8Array
}
const echo = synapse('echo', { response: Payload })
const count = synapse('count', { stream: true })

const asked = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Asked[]
const validator = new Validator({
  signer: seedSigner(seedOf(3)),
  logger: silentLogger,
  connectTimeoutMs: CONNECT_MS,
})
const request = { payload: Buffer.alloc(1024, 0x5a) }

async function ask({ axon, isStream, timeoutMs }: Asked): Promise<string> {
  try {
    if (isStream) {
      for await (const _ of validator.stream(axon, count, { n: 1, size: 1 })) {
        // the miner never ends it
      }
    } else await validator.query(axon, echo, request, { timeoutMs })
    return 'ok'
  } catch (error) {
    return LevinError.from(error).code
  }
}

const codes = await Promise.all(asked.map(ask))
validator.close()
const most = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
console.log(JSON.stringify({ codes, most }))
process.exit(0)
