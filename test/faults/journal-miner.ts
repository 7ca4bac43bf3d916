/**
 * A miner that writes down each request before it answers it, so that what ran is known whatever becomes of the process:
 * a number a line, appended to the file. Its hotkey is that of the suite's miners.
 */
import 'reflect-metadata'
import { openSync, writeSync } from 'node:fs'
import { Miner, open, seedSigner, silentLogger, synapse } from 'levin'
import { option, seedOf } from '../interop/options.js'

const journal = openSync(option('journal'), 'a')
const miner = new Miner({ signer: seedSigner(seedOf(1)), access: open(), logger: silentLogger })
miner.synapse(synapse('echo', {}), (data) => {
  writeSync(journal, `${data.n}\n`)
  return data
})
const { port } = await miner.listen({ host: '127.0.0.1', port: Number(option('port')) })
console.log(`listening ${port}`)
