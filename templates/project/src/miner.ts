import 'reflect-metadata'
import { bodyLimit, Miner, type MinerOptions, Synapse } from 'levin'
import { injectable } from 'tsyringe'
import { Forecast, ForecastAnswer, ForecastQuery, Narrate } from './contract.js'
import { WeatherModel } from './weather-model.js'

@injectable()
class ForecastMiner {
  constructor(private readonly model: WeatherModel) {}

  @Synapse(Forecast)
  async forecast({ city, days }: ForecastQuery): Promise<ForecastAnswer> {
    return { celsius: await this.model.run(city, days) }
  }

  @Synapse(Narrate)
  async *narrate({ city, days }: ForecastQuery): AsyncIterable<Uint8Array> {
    for (const celsius of await this.model.run(city, days)) {
      yield Buffer.from(`${celsius} degrees in ${city}.\n`)
    }
  }
}

/** A function, so that tests make the same miner with options of their own. */
export const createMiner = (options: MinerOptions) =>
  new Miner(options).use(bodyLimit(64 * 1024)).register(ForecastMiner)
