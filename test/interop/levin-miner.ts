/**
 * The miner that every peer is tried against, by the suite and by hand: `npm run interop:miner -- --port P`.
 *
 * Hotkey of seed 32 x 0x01; admits the validators of seeds 32 x 0x02 to 32 x 0x09. `--handler-timeout SECONDS` changes the
 * 30 s that a handler has; `--signer PATH` asks levin-signer for its signatures instead of having the seed. Protections are
 * at their defaults.
 */
import 'reflect-metadata'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  allowlist,
  type Call,
  consoleLogger,
  Miner,
  type SynapseData,
  seedSigner,
  socketSigner,
  synapse,
} from 'levin'
import { option, seedOf } from './options.js'

const SLOW_MS = 60_000

const validators = [2, 3, 4, 5, 6, 7, 8, 9].map((byte) => seedSigner(seedOf(byte)).hotkey)

const signerPath = option('signer', '')
const miner = new Miner({
  signer: signerPath === '' ? seedSigner(seedOf(1)) : await socketSigner(signerPath),
  access: allowlist(validators),
  logger: consoleLogger(process.env.LEVIN_LOG === 'debug' ? 'debug' : 'warn'),
  handlerTimeoutMs: Number(option('handler-timeout', '30')) * 1000,
})

const any = (name: string) => synapse(name, {})
const stream = (name: string) => synapse(name, { stream: true })

/** Chunk i is `size` bytes of i mod 256. */
async function* count({ n, size }: SynapseData, pauseMs: number, call: Call): AsyncIterable<Uint8Array> {
  for (let i = 0; i < Number(n); i++) {
    if (i > 0 && pauseMs > 0) await sleep(pauseMs, undefined, { signal: call.signal })
    yield Buffer.alloc(Number(size), i % 256)
  }
}

miner
  .synapse(any('echo'), (_data, call) => call.data)
  .synapse(any('fail'), () => {
    throw new Error('these words must never reach the peer')
  })
  .synapse(any('slow'), async (_data, call) => {
    await sleep(SLOW_MS, undefined, { signal: call.signal })
    return {}
  })
  .synapse(stream('count'), (data, call) => count(data, 0, call))
  .synapse(stream('stall'), (data, call) => count(data, SLOW_MS, call))
  .synapse(stream('half'), async function* (data, call) {
    yield* count(data, 0, call)
    throw new Error('these words must never reach the peer')
  })

const { port } = await miner.listen({ host: option('host', '127.0.0.1'), port: Number(option('port')) })
console.log(`listening ${port}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void miner.close().then(() => process.exit(0)))
}
