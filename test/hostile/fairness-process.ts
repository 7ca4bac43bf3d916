/** The processes of `fairness.ts`: `miner`, and with its port, `honest SECONDS` or `rogue KIND`. */
import 'reflect-metadata'
import { encode } from '@msgpack/msgpack'
import { Type } from 'class-transformer'
import { ArrayMaxSize, IsInt, IsNumber, ValidateNested } from 'class-validator'
import {
  EncodedMap,
  Miner,
  open,
  type SynapseData,
  seedSigner,
  silentLogger,
  synapse,
  Validator,
} from 'levin'
import { ROGUES } from './rogues.js'

const MINER_SEED = 1
const seedOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)
const signerOf = (number: number) => seedSigner(seedOf(number))

class Point {
  @IsInt() x!: number
  @IsNumber() y!: number
}

class Path {
  @ArrayMaxSize(100_000) @ValidateNested({ each: true }) @Type(() => Point) points!: Point[]
}

const Echo = synapse('echo', {})
const Follow = synapse('follow', { request: Path })
const Compute = synapse('compute', {})

const COMPUTE_MS = 5

const [role, port, what] = process.argv.slice(2)

async function serve(): Promise<void> {
  const miner = new Miner({
    signer: signerOf(MINER_SEED),
    access: open(),
    logger: silentLogger,
    blockedMs: 60_000,
  })
    .synapse(Echo, (data) => data)
    .synapse(Follow, ({ points }) => ({ length: points.length }))
    .synapse(Compute, () => {
      const end = performance.now() + COMPUTE_MS
      while (performance.now() < end);
      return {}
    })
  const address = await miner.listen({ host: '127.0.0.1', port: 0 })
  console.log(`listening ${address.port}`)
}

const connect = (seed: number) =>
  new Validator({ signer: signerOf(seed), logger: silentLogger, timeoutMs: 60_000 }).connect({
    hotkey: signerOf(MINER_SEED).hotkey,
    host: '127.0.0.1',
    port: Number(port),
  })

const IN_FLIGHT = 8
const WARM_UP_MS = 1000

/** 8 requests of 1 KB in flight all the time: a validator that takes what it gets. */
async function ask(seconds: number): Promise<void> {
  const miner = await connect(2)
  const request = { payload: Buffer.alloc(1024, 7) }
  const latencies: number[] = []
  const begin = performance.now() + WARM_UP_MS
  const end = begin + seconds * 1000
  const loop = async (): Promise<void> => {
    for (let at = performance.now(); at < end; at = performance.now()) {
      await miner.query(Echo, request)
      if (at >= begin) latencies.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  const p99Ms = latencies.sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)]
  console.log(JSON.stringify({ rate: latencies.length / seconds, p99Ms }))
  process.exit(0)
}

const ROGUE_STREAMS = 128

/** Asks until it is ended. */
async function attack(kind: string): Promise<void> {
  const make = ROGUES[kind as keyof typeof ROGUES]
  if (make === undefined) throw new Error(`no rogue does '${kind}'`)
  const { to, data } = make()
  const request = new EncodedMap(encode(data)) as unknown as SynapseData
  const target = synapse(to, {})
  const miner = await connect(3)
  const loop = async (): Promise<void> => {
    for (;;) await miner.query(target, request).catch(() => {})
  }
  void Promise.all(Array.from({ length: ROGUE_STREAMS }, loop))
  console.log(`listening ${port}`) // as a miner that is up, for whoever waits for it
}

if (role === 'miner') await serve()
else if (role === 'honest') await ask(Number(what))
else if (role === 'rogue') await attack(what!)
