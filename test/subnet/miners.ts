/**
 * Many miners in one process, each with a port and a hotkey of its own: `miners.js FIRST COUNT FILE [SLOW RUBBISH]`. Of
 * them the first SLOW never answer, the next RUBBISH answer what their class does not allow. Writes their axons into
 * FILE as JSON, and says `listening` and the first port. At a SIGUSR2 it writes its `Status` into FILE.status.
 */
import 'reflect-metadata'
import { renameSync, writeFileSync } from 'node:fs'
import { type Axon, type Call, Miner, open, silentLogger, synapse } from 'levin'
import { minerSigner } from './keys.js'
import type { Status } from './subnet.js'

const [first = 0, count = 0] = process.argv.slice(2, 4).map(Number)
const file = process.argv[4]!
const [slow = 0, rubbish = 0] = process.argv.slice(5).map(Number)
const Echo = synapse('echo', {})

const miners: Miner[] = []
let hanging = 0
let givenUpAt = 0

function hang({ signal }: Call): Promise<never> {
  hanging++
  signal.addEventListener('abort', () => {
    hanging--
    givenUpAt = Date.now()
  })
  return new Promise(() => {})
}

async function start(index: number): Promise<Axon> {
  const miner = new Miner({ signer: minerSigner(first + index), access: open(), logger: silentLogger })
  if (index < slow) miner.synapse(Echo, (_data, call) => hang(call))
  else if (index < slow + rubbish) miner.synapse(Echo, () => ({ payload: 'what nobody asked for' }))
  else miner.synapse(Echo, (data) => data)
  miners.push(miner)
  const { host, port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  return { hotkey: miner.hotkey, host, port }
}

const axons: Axon[] = []
for (let index = 0; index < count; index++) axons.push(await start(index))
process.on('SIGUSR2', () => {
  const connections = miners.reduce((sum, miner) => sum + miner.stats().connections.validators, 0)
  const status: Status = { connections, hanging, givenUpAt }
  writeFileSync(`${file}.writing`, JSON.stringify(status))
  renameSync(`${file}.writing`, `${file}.status`)
})
writeFileSync(file, JSON.stringify(axons))
console.log(`listening ${axons[0]!.port}`)
