/**
 * node build/examples/miner/main.js --axon.port 8091 --allow VALIDATOR_HOTKEY [--allow ANOTHER]
 * node build/examples/miner/main.js --netuid 2 [--subtensor.network test] [--min-stake 1000] [--axon.external_ip 203.0.113.7]
 */
import 'reflect-metadata'
import { allowlist, any, bodyLimit, closeOnSignals, consoleLogger, Miner, minStake, priority } from 'levin'
import { axonOptions, chainOptions, programConfig, subnetFrom, walletOptions } from 'levin/config'
import { publishAxon, subtensor } from 'levin/subtensor'
import { monitorOptions, showMonitor } from '../monitor.js'
import { exampleSigner } from '../signer.js'
import { tally } from './tally.js'
import { TextMiner } from './text-miner.js'

const config = await programConfig('usage: miner/main.js [OPTIONS]', {
  ...walletOptions,
  ...axonOptions,
  'axon.ip': { ...axonOptions['axon.ip'], default: '127.0.0.1' },
  ...chainOptions,
  ...monitorOptions,
  allow: { type: 'list', help: 'a validator who may ask, whatever its stake', value: 'HOTKEY' },
  'min-stake': {
    type: 'number',
    default: 1000,
    help: 'TAO that others of the subnet must have',
    value: 'TAO',
  },
})
const subnet = subnetFrom(config)
if (config.allow.length === 0 && subnet === undefined)
  console.error('Neither --allow HOTKEY nor --netuid: this miner will admit nobody')

const signer = await exampleSigner(config, 'MINER_SEED', 0xd1)
const logger = consoleLogger() // for people; without it, pino's JSON
const allowed = allowlist(config.allow)
const metagraph = subnet && subtensor(subnet)
const access = metagraph === undefined ? allowed : any(allowed, minStake(config['min-stake'], metagraph))

const miner = new Miner({ signer, access, logger })
  .use(bodyLimit(1024 * 1024))
  .use(priority((call) => (call.synapse === 'Identify' ? 1 : 0), { concurrency: 16 })) // what is quick goes first
  .use(tally())
  .register(TextMiner)

// Before listen: whoever started us may stop us as soon as they read that we listen.
closeOnSignals(miner)

await showMonitor(config.monitor, { miner, ...(metagraph && { metagraph }) })

const { port } = await miner.listen({ host: config['axon.ip'], port: config['axon.port'] })
console.log(`listening ${port}`)

const host = config['axon.external_ip']
if (subnet !== undefined && host !== undefined) {
  const external = config['axon.external_port'] ?? port
  const { outcome, stop } = publishAxon({ ...subnet, signer, host, port: external, logger })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  console.log((await outcome).message)
}
