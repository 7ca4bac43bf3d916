/** The validator as a program: `npm run validator`. It asks all miners in rounds, and prints what each answered. */
import 'reflect-metadata'
import { setTimeout as wait } from 'node:timers/promises'
import { type Axon, closeOnSignals, consoleLogger, Validator } from 'levin'
import { chainOptions, programConfig, signerFrom, subnetFrom, walletOptions } from 'levin/config'
import { subtensor } from 'levin/subtensor'
import { Forecast } from './contract.js'

const config = await programConfig(
  'usage: node dist/src/main-validator.js [OPTIONS]',
  {
    ...walletOptions,
    ...chainOptions,
    to: { type: 'list', help: 'a miner that is asked, without a chain', value: 'HOTKEY@HOST:PORT' },
    rounds: { type: 'integer', default: 3, least: 1, help: 'how often all are asked', value: 'N' },
  },
  { file: 'validator.json' },
)

const logger = consoleLogger()
const validator = new Validator({ signer: await signerFrom(config, logger), logger })
closeOnSignals(validator)
const subnet = subnetFrom(config)
if (subnet !== undefined) await validator.follow(subtensor(subnet))

for (let round = 1; round <= config.rounds; round++) {
  if (round > 1) await wait(1000)
  const miners = subnet === undefined ? config.to.map(axonOf) : validator.miners()
  const outcomes = await validator.queryAll(
    miners,
    Forecast,
    { city: 'Oslo', days: round },
    { deadlineMs: 5000 },
  )
  for (const { axon, ...outcome } of outcomes) {
    console.log(
      `round ${round}  ${axon.hotkey}  ${outcome.ok ? outcome.data.celsius.join(', ') : outcome.code}`,
    )
  }
}
validator.close()
process.exit(0) // the chain is still being followed

function axonOf(to: string): Axon {
  const [, hotkey, host, port] = /^(\w+)@(.+):(\d+)$/.exec(to) ?? []
  if (hotkey === undefined || host === undefined) throw new Error(`${to} is not HOTKEY@HOST:PORT`)
  return { hotkey, host, port: Number(port) }
}
