/**
 * What becomes of a process when its parts end with endpoints open: `workers N` starts N threads, one after the other,
 * each with a miner and a validator that are busy, and ends each in the middle; `closes` closes both; `refused` closes a
 * validator that reached nobody.
 */
import 'reflect-metadata'
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { LevinError, Miner, open, seedSigner, silentLogger, synapse, Validator } from '../../dist/index.js'

const echo = synapse('echo', {})
const signer = (byte) => seedSigner(new Uint8Array(32).fill(byte))

async function pair(byte) {
  const miner = new Miner({ signer: signer(byte), access: open(), logger: silentLogger }).synapse(
    echo,
    (q) => q,
  )
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  const validator = new Validator({ signer: signer(byte + 1), logger: silentLogger })
  const connection = await validator.connect({ hotkey: signer(byte).hotkey, host: '127.0.0.1', port })
  return { miner, validator, connection }
}

async function busy({ connection }, rounds) {
  for (let n = 0; n < rounds; n++) {
    await Promise.all(
      Array.from({ length: 8 }, () => connection.query(echo, { large: new Uint8Array(20_000) })),
    )
  }
}

/** Half of them are terminated from outside, half end themselves. */
async function workers(count) {
  const outside = await pair(1)
  for (let n = 0; n < count; n++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { exits: n % 2 === 0 } })
    if (n % 2 === 0) await once(worker, 'exit')
    else {
      await once(worker, 'message')
      await worker.terminate()
    }
    await busy(outside, 1)
  }
  console.log(`${count} workers ended, and here all goes on`)
  outside.validator.close()
  await outside.miner.close()
}

if (!isMainThread) {
  const inside = await pair(5)
  await busy(inside, 2)
  parentPort.postMessage('busy')
  const going = busy(inside, 1_000_000)
  if (workerData.exits) setImmediate(() => process.exit(0))
  await going
}

const [, , mode, count] = process.argv
if (mode === 'workers') await workers(Number(count))
if (mode === 'closes') {
  const { miner, validator, connection } = await pair(1)
  await busy({ connection }, 1)
  validator.close()
  await miner.close()
  console.log('closed')
}
if (mode === 'refused') {
  const validator = new Validator({ signer: signer(1), logger: silentLogger })
  // Port 1 of loopback: nobody listens there.
  await validator.connect({ hotkey: signer(2).hotkey, host: '127.0.0.1', port: 1 }).catch((error) => {
    console.log(LevinError.from(error).code)
  })
  validator.close()
}
