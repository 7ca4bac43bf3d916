import { Validator } from '../../client/validator.js'
import { systemClock } from '../../clock.js'
import { type ConfigOptions, chainOptions, walletOptions } from '../../config/options.js'
import { signerFrom } from '../../config/parts.js'
import { synapse } from '../../contract/definition.js'
import { LevinError } from '../../errors.js'
import { consoleLogger } from '../../logger.js'
import { Latencies } from '../bench/latencies.js'
import { type Load, plotOf, tableOf } from '../bench/plot.js'
import { defineCommand } from '../command.js'
import { Exit } from '../exit-codes.js'
import { requestOf } from '../json-data.js'
import { targetOptions } from '../shared-options.js'
import { onlyOne, targetOf } from '../target.js'

const options = {
  ...targetOptions,
  // A miner allows 128 requests of one validator at a time; what is beyond waits here.
  'in-flight': { type: 'integer', least: 1, most: 1024, default: 32, help: 'requests at a time', value: 'N' },
  seconds: { type: 'integer', least: 1, most: 60, default: 5, help: 'how long', value: 'S' },
  'timeout-ms': {
    type: 'integer',
    least: 1,
    most: 60_000,
    default: 12_000,
    help: 'for each answer',
    value: 'MS',
  },
  ...walletOptions,
  ...chainOptions,
} as const satisfies ConfigOptions

export const command = defineCommand({
  usage: 'bench SYNAPSE [JSON | @FILE | -] --to HOTKEY@HOST:PORT [OPTIONS]',
  about:
    'Load on a miner of your own, over one connection: how many requests a second, and how long each takes.',
  options,
  file: 'validator.json',
  positionals: { least: 1, most: 2 },
  async run(values, [name, json = '{}'], output) {
    const request = await requestOf(json)
    const axon = await targetOf(onlyOne(values.to), values)
    const signer = await signerFrom(values, consoleLogger('warn'))
    const validator = new Validator({ signer, logger: consoleLogger('error') })
    const definition = synapse(name!, {})
    const timeoutMs = values['timeout-ms']
    const latencies = new Latencies()
    const failed: Record<string, number> = {}
    try {
      const miner = await validator.connect(axon)
      await miner.query(definition, request, { timeoutMs }) // what cannot be asked at all is no load
      const began = systemClock.monotonicMs()
      const untilMs = began + values.seconds * 1000
      const ask = async (): Promise<void> => {
        while (systemClock.monotonicMs() < untilMs && miner.isOpen) {
          try {
            latencies.add((await miner.query(definition, request, { timeoutMs })).latencyMs)
          } catch (error) {
            const { code } = LevinError.from(error)
            failed[code] = (failed[code] ?? 0) + 1
          }
        }
      }
      await Promise.all(Array.from({ length: values['in-flight'] }, ask))
      const load: Load = {
        answered: latencies.count,
        failed,
        perSecond: latencies.count / ((systemClock.monotonicMs() - began) / 1000),
        p50Ms: latencies.quantileMs(0.5),
        p90Ms: latencies.quantileMs(0.9),
        p99Ms: latencies.quantileMs(0.99),
        maxMs: latencies.maxMs,
      }
      output.json(load)
      output.say(`${tableOf(load)}\n\n${plotOf(latencies)}`)
      return Object.keys(failed).length === 0 ? Exit.done : Exit.notWell
    } finally {
      validator.close()
    }
  },
})
