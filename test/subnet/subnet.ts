/** Processes with many miners each. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Axon } from 'levin'
import { script } from '../bench/peers.js'
import { type Command, startMiner } from '../bench/processes.js'
import type { Weather } from '../faults/weather.js'

export interface Kinds {
  /** The number of the first one's key. */
  readonly first: number
  readonly count: number
  readonly slow?: number
  readonly rubbish?: number
}

export interface Miners {
  readonly pid: number
  /** Where their axons are listed. */
  readonly file: string
  readonly axons: readonly Axon[]
  status(): Promise<Status>
}

/** Of all miners of a process together. */
export interface Status {
  /** Connections of validators that they have now. */
  readonly connections: number
  /** Calls that are not answered, and were not given up by the validator. */
  readonly hanging: number
  /** When the last one was given up, as `Date.now()` has it. */
  readonly givenUpAt: number
}

export class Subnet {
  readonly #folder = mkdtempSync(join(tmpdir(), 'levin-subnet-'))
  #started = 0

  constructor() {
    process.once('exit', () => rmSync(this.#folder, { recursive: true }))
  }

  async start({ first, count, slow = 0, rubbish = 0 }: Kinds): Promise<Miners> {
    const file = join(this.#folder, `miners-${this.#started++}.json`)
    const { pid } = await startMiner('the miners', program('miners.js', first, count, file, slow, rubbish))
    const status = async () => {
      const answer = `${file}.status`
      rmSync(answer, { force: true })
      process.kill(pid, 'SIGUSR2')
      while (!existsSync(answer)) await sleep(5)
      return JSON.parse(readFileSync(answer, 'utf8')) as Status
    }
    return { pid, file, axons: axonsOf(file), status }
  }

  /** @returns the axons of all, the first ones reached through a bad network each */
  async networked({ file }: Miners, count: number, weather: Weather, seed: number): Promise<readonly Axon[]> {
    await startMiner('the networks', program('networks.js', file, count, JSON.stringify(weather), seed))
    return axonsOf(`${file}.networked`)
  }
}

const axonsOf = (file: string): Axon[] => JSON.parse(readFileSync(file, 'utf8')) as Axon[]

/** Of this folder. */
export const program = (name: string, ...args: (string | number)[]): Command =>
  script(`../subnet/${name}`, ...args.map(String))
