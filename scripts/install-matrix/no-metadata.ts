/** A handler that leaves it to the compiler to say which class it takes. */
import 'reflect-metadata'
import { IsInt } from 'class-validator'
import { Synapse } from 'levin'

class Days {
  @IsInt() days!: number
}

class Weather {
  @Synapse('Forecast')
  forecast(query: Days): { days: number } {
    return { days: query.days }
  }
}
console.log(Weather.name)
