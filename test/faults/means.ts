import type { Command } from '../bench/processes.js'
import type { Weather } from './weather.js'

/** The way to a miner through one weather. */
export interface Network {
  readonly pid: number
  readonly port: number
}

/** What a part of the suite is given. */
export interface Means {
  /** A program of the suite, by its path in the build. */
  program(path: string, ...args: string[]): Command
  network(target: number, weather: Weather): Promise<Network>
  readonly isShort: boolean
}
