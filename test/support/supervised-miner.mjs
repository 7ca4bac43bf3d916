/** A miner process that hangs or aborts when it is asked to: `supervised-miner.mjs PORT`. */
import 'reflect-metadata'
import { pbkdf2Sync } from 'node:crypto'
import { closeOnSignals, Miner, open, seedSigner } from '../../dist/index.js'

const hang = () => pbkdf2Sync('', '', 2 ** 31 - 1, 64, 'sha512') // native, and for half an hour
const miner = new Miner({ signer: seedSigner(new Uint8Array(32).fill(1)), access: open() })
  .synapse('pid', {}, () => ({ pid: process.pid }))
  .synapse('hang', {}, () => ({ ...hang() }))
  .synapse('hangLater', {}, async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return { ...hang() }
  })
  .synapse('abort', {}, () => process.abort())
closeOnSignals(miner)
const { port } = await miner.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) })
console.log(`listening ${port}`)
