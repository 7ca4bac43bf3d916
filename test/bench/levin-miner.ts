/** Levin's miner in the benchmark: `echo`, bare; and `typed`, behind injection, validation and one middleware. */
import 'reflect-metadata'
import { type Call, Miner, open, Synapse, seedSigner, silentLogger, synapse } from 'levin'
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

const miner = new Miner({
  signer: seedSigner(new Uint8Array(32).fill(1)),
  access: open(),
  logger: silentLogger,
})
if (process.argv.includes('--middleware')) {
  const counts = new Map<string, number>()
  miner.use(function count(call, next) {
    counts.set(call.caller, (counts.get(call.caller) ?? 0) + 1)
    return next()
  })
}
miner.register(TypedMiner).synapse(synapse('echo', {}), (data) => data)
const { port } = await miner.listen({ host: '127.0.0.1', port: numberOption('port', 0) })
console.log(`listening ${port}`)
