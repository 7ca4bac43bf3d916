/** The contract that the type tests are about. */
import { IsInt, IsNumber, IsString } from 'class-validator'
import { synapse } from '../../src/index.js'

export class ForecastQuery {
  @IsString() city!: string
  @IsInt() days!: number
}
export class Forecast {
  @IsNumber({}, { each: true }) celsius!: number[]
}
export class Line {
  @IsString() text!: string
}
export class Unrelated {
  @IsInt() height!: number
}

export const ForecastSynapse = synapse('Forecast', { request: ForecastQuery, response: Forecast })
export const BytesSynapse = synapse('Bytes', { request: ForecastQuery, stream: true })
export const LinesSynapse = synapse('Lines', { request: ForecastQuery, stream: Line })
export const AnySynapse = synapse('any', {})
export const SlowSynapse = synapse('slow', {
  request: ForecastQuery,
  timeoutMs: 60_000,
  unknownProperties: 'drop',
})
export const IdempotentSynapse = synapse('Idempotent', {
  request: ForecastQuery,
  response: Forecast,
  idempotent: true,
})
