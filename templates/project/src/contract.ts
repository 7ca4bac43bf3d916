/** What the miner answers. The validator imports this file too, so that both agree on names, types and limits. */
import { IsInt, IsNumber, IsString, Length, Max, Min } from 'class-validator'
import { synapse } from 'levin'

export class ForecastQuery {
  @IsString() @Length(1, 100) city!: string
  @IsInt() @Min(1) @Max(14) days!: number
}

export class ForecastAnswer {
  @IsNumber({}, { each: true }) celsius!: number[]
}

/** Answered once. */
export const Forecast = synapse('Forecast', { request: ForecastQuery, response: ForecastAnswer })

/** Answered with a stream of text. */
export const Narrate = synapse('Narrate', { request: ForecastQuery, stream: true })
