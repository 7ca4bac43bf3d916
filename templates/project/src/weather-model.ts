import { singleton } from 'tsyringe'

/** What the miner sells. It knows nothing of the network: put your model here. */
@singleton()
export class WeatherModel {
  async run(city: string, days: number): Promise<number[]> {
    return Array.from({ length: days }, (_, day) => (city.length * 7 + day * 3) % 30)
  }
}
