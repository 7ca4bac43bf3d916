/**
 * A miner process with the logger that there is by default, or with `console` in place of it; its handlers put what they
 * are asked into what they throw. At its end it writes its stats on standard output.
 */
import 'reflect-metadata'
import { IsString } from 'class-validator'
import { closeOnSignals, consoleLogger, Miner, open, seedSigner } from '../../dist/index.js'

class Query {
  text
}
IsString()(Query.prototype, 'text')

const miner = new Miner({
  signer: seedSigner(new Uint8Array(32).fill(1)),
  access: open(),
  ...(process.argv[2] === 'console' && { logger: consoleLogger('debug') }),
})
  .synapse('fail', {}, ({ text }) => {
    if (text.length > 60_000) throw `cannot do ${text}` // no error at all
    throw new Error(`cannot do ${text}`)
  })
  .synapse('strict', { request: Query }, () => ({}))
closeOnSignals(miner)
const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
process.on('exit', () => console.log(JSON.stringify(miner.stats())))
console.log(port)
