/** `npm run subnet`: one validator and a whole subnet of miners. */
import 'reflect-metadata'
import { parseArgs } from 'node:util'
import { stopAll } from '../bench/processes.js'
import { churn } from './churn.js'
import { enough } from './enough.js'
import { largeStream } from './large-stream.js'
import { mixedRounds } from './mixed.js'
import { timeRounds } from './rounds.js'
import { Subnet } from './subnet.js'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'rounds,mixed,enough,churn,disturbed,network,stream' },
    miners: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '20' },
    times: { type: 'string', default: '3' },
  },
})
const miners = Number(values.miners)
const subnet = new Subnet()
const parts: Record<string, () => Promise<boolean>> = {
  rounds: () => timeRounds(subnet, miners, Number(values.rounds), Number(values.times)),
  mixed: () => mixedRounds(subnet, miners),
  enough: () => enough(subnet),
  churn: () => churn(subnet, 'none'),
  disturbed: () => churn(subnet, 'standing'),
  network: () => churn(subnet, 'network'),
  stream: largeStream,
}
let holds = true
for (const name of values.only.split(',')) {
  const part = parts[name]
  if (part === undefined) throw new Error(`--only ${name}: of ${Object.keys(parts).join(', ')}`)
  holds = (await part()) && holds
  stopAll()
}
console.log(holds ? 'all of it holds' : 'not all of it holds')
process.exit(holds ? 0 : 1)
