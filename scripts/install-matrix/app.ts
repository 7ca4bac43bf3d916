/** The same with decorators, of which the compiler has to say what the handler takes. */
import 'reflect-metadata'
import { IsInt, Max } from 'class-validator'
import { allowlist, Miner, Synapse, seedSigner, silentLogger, synapse, Validator } from 'levin'

class Days {
  @IsInt() @Max(14) days!: number
}

const Forecast = synapse('Forecast', { request: Days, response: Days })

class Weather {
  @Synapse(Forecast)
  forecast(query: Days): Days {
    return { days: query.days + 1 }
  }
}

const validatorSigner = seedSigner(`0x${'02'.repeat(32)}`)
const miner = new Miner({
  signer: seedSigner(`0x${'01'.repeat(32)}`),
  access: allowlist([validatorSigner.hotkey]),
  logger: silentLogger,
}).register(Weather)
const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
const { data } = await validator.query({ hotkey: miner.hotkey, host: '127.0.0.1', port }, Forecast, {
  days: 3,
})
const days: number = data.days
console.log(`answered ${days}`)
validator.close()
await miner.close()
