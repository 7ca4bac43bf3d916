/**
 * Levin's miner in the benchmark: `echo`, bare; `bulk`, a stream; and `typed`, behind injection, validation and one middleware. `--open`
 * takes its protections away, `--guarded` adds those that are middleware, `--http` opens its HTTP doors, where `Echo` is asked for.
 */
import 'reflect-metadata'
import {
  blacklist,
  bodyLimit,
  type Call,
  type Identified,
  identify,
  inMemoryMetagraph,
  Miner,
  open,
  priority,
  Synapse,
  type SynapseData,
  seedSigner,
  silentLogger,
  synapse,
} from 'levin'
import { injectable, singleton } from 'tsyringe'
import { numberOption } from './arguments.js'
import { TypedQuery } from './typed-query.js'

@singleton()
class Store {
  answered = 0
}

@injectable()
class TypedMiner {
  constructor(private readonly store: Store) {}

  @Synapse('typed', { request: TypedQuery, response: TypedQuery })
  typed(query: TypedQuery, _call: Call): TypedQuery {
    this.store.answered++
    return query
  }
}

/** `bytes` in chunks of `chunk`, each a new one, as those of a handler that has something to say. */
async function* bulk({ bytes, chunk }: SynapseData): AsyncIterable<Uint8Array> {
  for (let left = Number(bytes); left > 0; left -= Number(chunk)) {
    yield Buffer.alloc(Math.min(left, Number(chunk)), 7)
  }
}

const off = {
  validateAddresses: false,
  handshakesPerMinute: 1_000_000,
  accessReviewMs: 86_400_000,
  blockedMs: 60_000,
}
const miner = new Miner({
  signer: seedSigner(new Uint8Array(32).fill(1)),
  access: open(),
  logger: silentLogger,
  ...(process.argv.includes('--open') ? off : {}),
})
if (process.argv.includes('--guarded')) {
  const validator = seedSigner(new Uint8Array(32).fill(2)).hotkey
  const stakes = inMemoryMetagraph([{ hotkey: validator, uid: 1, stake: 1000, validatorPermit: true }])
  miner
    .use(blacklist({ hotkeys: [seedSigner(new Uint8Array(32).fill(9)).hotkey] }))
    .use(bodyLimit(64 * 1024 * 1024))
    .use(identify(stakes))
    .use(priority<Call & Identified>(({ neuron }) => neuron?.stake ?? 0))
}
if (process.argv.includes('--middleware')) {
  const counts = new Map<string, number>()
  miner.use(function count(call, next) {
    counts.set(call.caller, (counts.get(call.caller) ?? 0) + 1)
    return next()
  })
}
miner
  .register(TypedMiner)
  .synapse(synapse('echo', {}), (data) => data)
  .synapse(synapse('bulk', { stream: true }), bulk)
const http = process.argv.includes('--http')
if (http) miner.synapse(synapse('Echo', {}), (data) => data)
const { port } = await miner.listen({ host: '127.0.0.1', port: numberOption('port', 0), http })
console.log(`listening ${port}`)
