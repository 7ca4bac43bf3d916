/** A miner process that is killed: tells its parent which requests ran. `killed-miner.mjs PORT [seed|callback]` */
import 'reflect-metadata'
import { callbackSigner, Miner, open, seedSigner, silentLogger, synapse } from '../../dist/index.js'

const seed = seedSigner(new Uint8Array(32).fill(1))
const elsewhere = callbackSigner(seed.hotkey, (message) => seed.sign(message))
const miner = new Miner({
  signer: process.argv[3] === 'callback' ? elsewhere : seed,
  access: open(),
  logger: silentLogger,
})
miner.synapse(synapse('work', {}), ({ n }) => {
  process.send({ ran: n })
  return { n }
})
const { port } = await miner.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
process.send({ port })
