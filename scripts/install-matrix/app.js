/** A miner and a validator in one process, and one typed query on loopback: no decorator, so that it needs no compiler. */
import 'reflect-metadata'
import { IsInt, Max } from 'class-validator'
import { allowlist, Miner, seedSigner, silentLogger, synapse, Validator } from 'levin'

class Days {
  days
}
IsInt()(Days.prototype, 'days')
Max(14)(Days.prototype, 'days')

const Forecast = synapse('Forecast', { request: Days, response: Days })
const [minerSigner, validatorSigner] = ['01', '02'].map((byte) => seedSigner(`0x${byte.repeat(32)}`))
const miner = new Miner({
  signer: minerSigner,
  access: allowlist([validatorSigner.hotkey]),
  logger: silentLogger,
}).synapse(Forecast, ({ days }) => ({ days: days + 1 }))
const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
const { data } = await validator.query({ hotkey: miner.hotkey, host: '127.0.0.1', port }, Forecast, {
  days: 3,
})
console.log(`answered ${data.days}`)
validator.close()
await miner.close()
