/** node build/examples/miner/faulty.js --fault slow|rubbish --allow VALIDATOR_HOTKEY: what a validator has to expect */
import 'reflect-metadata'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { allowlist, closeOnSignals, consoleLogger, Miner, synapse } from 'levin'
import { signerArgs, signerFrom } from '../signer.js'
import { Identify } from './contract.js'
import { LanguageService } from './language-service.js'

const { values } = parseArgs({
  options: {
    ...signerArgs,
    port: { type: 'string', default: '8091' },
    allow: { type: 'string', multiple: true, default: [] },
    fault: { type: 'string', default: 'slow' },
  },
})
const SLOW_MS = 500

const miner = new Miner({
  signer: await signerFrom(values, 'MINER_SEED', 0xd3),
  access: allowlist(values.allow),
  logger: consoleLogger(),
})
const language = new LanguageService()
if (values.fault === 'slow') {
  miner.synapse(Identify, async ({ text }) => {
    await wait(SLOW_MS)
    return language.identify(text)
  })
} else {
  // The same name without its classes: nothing is checked on this side.
  miner.synapse(synapse('Identify', {}), () => ({ guesses: 'all of them' }))
}
closeOnSignals(miner)
const { port } = await miner.listen({ host: '127.0.0.1', port: Number(values.port) })
console.log(`listening ${port}`)
