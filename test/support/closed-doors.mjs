/** A miner whose HTTP doors are closed, or with an argument open: says which of Node's modules for HTTP it has loaded. */
import { consoleLogger, Miner, open, seedSigner } from '../../dist/index.js'

const miner = new Miner({
  signer: seedSigner(new Uint8Array(32).fill(1)),
  access: open(),
  logger: consoleLogger('error'),
}).synapse('Free', {}, () => ({}))
await miner.listen({ host: '127.0.0.1', port: 0, http: process.argv[2] !== undefined && { port: 0 } })
console.log(JSON.stringify(process.moduleLoadList.filter((name) => /\b_?https?(_server)?$/.test(name))))
await miner.close()
