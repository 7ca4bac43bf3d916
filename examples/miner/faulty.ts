/** node build/examples/miner/faulty.js --fault slow|rubbish --allow VALIDATOR_HOTKEY: what a validator has to expect */
import 'reflect-metadata'
import { setTimeout as wait } from 'node:timers/promises'
import { allowlist, closeOnSignals, consoleLogger, Miner, synapse } from 'levin'
import { axonOptions, programConfig, walletOptions } from 'levin/config'
import { exampleSigner } from '../signer.js'
import { Identify } from './contract.js'
import { LanguageService } from './language-service.js'

const config = await programConfig('usage: miner/faulty.js [OPTIONS]', {
  ...walletOptions,
  'axon.port': axonOptions['axon.port'],
  allow: { type: 'list', help: 'a validator who may ask', value: 'HOTKEY' },
  fault: { type: 'text', default: 'slow', help: 'slow or rubbish' },
})
const SLOW_MS = 500

const miner = new Miner({
  signer: await exampleSigner(config, 'MINER_SEED', 0xd3),
  access: allowlist(config.allow),
  logger: consoleLogger(),
})
const language = new LanguageService()
if (config.fault === 'slow') {
  miner.synapse(Identify, async ({ text }) => {
    await wait(SLOW_MS)
    return language.identify(text)
  })
} else {
  // The same name without its classes: nothing is checked on this side.
  miner.synapse(synapse('Identify', {}), () => ({ guesses: 'all of them' }))
}
closeOnSignals(miner)
const { port } = await miner.listen({ host: '127.0.0.1', port: config['axon.port'] })
console.log(`listening ${port}`)
