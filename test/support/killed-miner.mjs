/** A miner process that is killed: tells its parent which requests ran. */
import 'reflect-metadata'
import { Miner, open, seedSigner, silentLogger, synapse } from '../../dist/index.js'

const miner = new Miner({
  signer: seedSigner(new Uint8Array(32).fill(1)),
  access: open(),
  logger: silentLogger,
})
miner.synapse(synapse('work', {}), ({ n }) => {
  process.send({ ran: n })
  return { n }
})
const { port } = await miner.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
process.send({ port })
