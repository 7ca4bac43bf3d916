/**
 * node build/examples/miner/main.js --port 8091 --allow VALIDATOR_HOTKEY [--allow ANOTHER]
 * node build/examples/miner/main.js --port 8091 --netuid 2 [--network test] [--min-stake 1000] [--publish 203.0.113.7]
 * With --monitor 9100, http://127.0.0.1:9100/ shows what it does, and has metrics for Prometheus.
 */
import 'reflect-metadata'
import { parseArgs } from 'node:util'
import { allowlist, any, bodyLimit, closeOnSignals, consoleLogger, Miner, minStake, priority } from 'levin'
import { monitor } from 'levin/monitor'
import { publishAxon, subtensor } from 'levin/subtensor'
import { subnetArgs, subnetFrom } from '../chain.js'
import { signerArgs, signerFrom } from '../signer.js'
import { tally } from './tally.js'
import { TextMiner } from './text-miner.js'

const { values } = parseArgs({
  options: {
    ...signerArgs,
    ...subnetArgs,
    'min-stake': { type: 'string', default: '1000' },
    publish: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8091' },
    allow: { type: 'string', multiple: true, default: [] },
    monitor: { type: 'string' },
  },
})
const { netuid } = values
const subnet = netuid === undefined ? undefined : subnetFrom(values.network, netuid)
if (values.allow.length === 0 && subnet === undefined)
  console.error('Neither --allow HOTKEY nor --netuid: this miner will admit nobody')

const signer = await signerFrom(values, 'MINER_SEED', 0xd1)
const logger = consoleLogger() // for people; without it, pino's JSON
const allowed = allowlist(values.allow)
const metagraph = subnet && subtensor(subnet)
const access =
  metagraph === undefined ? allowed : any(allowed, minStake(Number(values['min-stake']), metagraph))

const miner = new Miner({ signer, access, logger })
  .use(bodyLimit(1024 * 1024))
  .use(priority((call) => (call.synapse === 'Identify' ? 1 : 0), { concurrency: 16 })) // what is quick goes first
  .use(tally())
  .register(TextMiner)

// Before listen: whoever started us may stop us as soon as they read that we listen.
closeOnSignals(miner)

if (values.monitor !== undefined) {
  const { url } = await monitor({ miner, port: Number(values.monitor), ...(metagraph && { metagraph }) })
  console.log(`monitor ${url}`)
}

const { port } = await miner.listen({ host: values.host, port: Number(values.port) })
console.log(`listening ${port}`)

if (subnet !== undefined && values.publish !== undefined) {
  const { outcome, stop } = publishAxon({ ...subnet, signer, host: values.publish, port, logger })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  console.log((await outcome).message)
}
