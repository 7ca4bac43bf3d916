import { type Axon, type Signer, seedSigner } from 'levin'
import type { Command } from '../bench/processes.js'
import { seedOf } from '../interop/options.js'
import type { Weather } from './weather.js'

/** Validators that the miners of the suite admit. */
const FIRST_VALIDATOR = 2
export const VALIDATORS = 8

export const validatorSigner = (index: number): Signer => seedSigner(seedOf(FIRST_VALIDATOR + index))

const hotkey = seedSigner(seedOf(1)).hotkey
/** The suite's miner, reached at a port of this machine. */
export const axonAt = (port: number): Axon => ({ hotkey, host: '127.0.0.1', port })

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
