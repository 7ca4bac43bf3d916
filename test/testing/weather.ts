/** A miner as an author writes it, and the test that he writes of it. */
import { IsInt, IsNumber, IsString, Max, Min } from 'class-validator'
import { injectable, singleton } from 'tsyringe'
import {
  type AccessPolicy,
  type Call,
  type MetagraphSource,
  Miner,
  type MinerOptions,
  minStake,
  Synapse,
  synapse,
} from '../../src/index.js'

export class ForecastQuery {
  @IsString() city!: string
  @IsInt() @Min(1) @Max(14) days!: number
}

export class ForecastAnswer {
  @IsNumber({}, { each: true }) celsius!: number[]
}

export const Forecast = synapse('Forecast', { request: ForecastQuery, response: ForecastAnswer })
export const Narrate = synapse('Narrate', { request: ForecastQuery, stream: true })

@singleton()
export class WeatherModel {
  readonly #base = 7
  run({ city, days }: ForecastQuery): number[] {
    return Array.from({ length: days }, (_, day) => (city.length * this.#base + day * 3) % 30)
  }
}

@injectable()
export class ForecastMiner {
  constructor(private readonly model: WeatherModel) {}

  @Synapse(Forecast)
  forecast(query: ForecastQuery): ForecastAnswer {
    return { celsius: this.model.run(query) }
  }

  @Synapse(Narrate)
  async *narrate(query: ForecastQuery, call: Call): AsyncIterable<Uint8Array> {
    for (const celsius of this.model.run(query)) {
      if (call.signal.aborted) return
      yield Buffer.from(`${celsius} in ${query.city}. `)
    }
  }
}

/** As in production: what differs there is who signs and who may come in. */
export const weatherMiner = (options: MinerOptions): Miner => new Miner(options).register(ForecastMiner)

export const accessOf = (metagraph: MetagraphSource): AccessPolicy => minStake(1000, metagraph)
