/** node build/examples/miner/main.js --port 8091 --allow VALIDATOR_HOTKEY [--allow ANOTHER] */
import 'reflect-metadata'
import { parseArgs } from 'node:util'
import { allowlist, bodyLimit, closeOnSignals, consoleLogger, Miner, priority } from 'levin'
import { signerArgs, signerFrom } from '../signer.js'
import { tally } from './tally.js'
import { TextMiner } from './text-miner.js'

const { values } = parseArgs({
  options: {
    ...signerArgs,
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8091' },
    allow: { type: 'string', multiple: true, default: [] },
  },
})
if (values.allow.length === 0) console.error('No --allow HOTKEY: this miner will admit nobody')

const miner = new Miner({
  signer: await signerFrom(values, 'MINER_SEED', 0xd1),
  access: allowlist(values.allow),
  logger: consoleLogger(), // for people; without it, pino's JSON
})
  .use(bodyLimit(1024 * 1024))
  .use(priority((call) => (call.synapse === 'Identify' ? 1 : 0), { concurrency: 16 })) // what is quick goes first
  .use(tally())
  .register(TextMiner)

// Before listen: whoever started us may stop us as soon as they read that we listen.
closeOnSignals(miner)

const { port } = await miner.listen({ host: values.host, port: Number(values.port) })
console.log(`listening ${port}`)
