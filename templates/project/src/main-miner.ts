/** The miner as a program: `npm start`. `node dist/src/main-miner.js --help` says what it can be told. */
import { allowlist, any, closeOnSignals, consoleLogger, minStake } from 'levin'
import { axonOptions, chainOptions, programConfig, signerFrom, subnetFrom, walletOptions } from 'levin/config'
import { publishAxon, subtensor } from 'levin/subtensor'
import { createMiner } from './miner.js'

const config = await programConfig(
  'usage: node dist/src/main-miner.js [OPTIONS]',
  {
    ...walletOptions,
    ...axonOptions,
    ...chainOptions,
    allow: {
      type: 'list',
      env: ['ALLOW'],
      help: 'a validator who may ask, whatever its stake',
      value: 'HOTKEY',
    },
    'min-stake': {
      type: 'number',
      env: ['MIN_STAKE'],
      default: 1000,
      help: 'TAO that other validators of the subnet must have',
      value: 'TAO',
    },
  },
  { file: 'miner.json' },
)

const logger = consoleLogger() // for people; without it, pino's JSON
const signer = await signerFrom(config, logger)
const subnet = subnetFrom(config)
const allowed = allowlist(config.allow)
const access = subnet === undefined ? allowed : any(allowed, minStake(config['min-stake'], subtensor(subnet)))

const miner = createMiner({ signer, access, logger })
closeOnSignals(miner)
const { port } = await miner.listen({ host: config['axon.ip'], port: config['axon.port'] })
console.log(`listening ${port}; in another terminal:
  npx levin call Forecast '{"city":"Oslo","days":3}' --to ${signer.hotkey}@127.0.0.1:${port}`)

const host = config['axon.external_ip']
if (subnet !== undefined && host !== undefined) {
  publishAxon({ ...subnet, signer, host, port: config['axon.external_port'] ?? port, logger })
}
