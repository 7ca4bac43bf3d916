/** Processes with many miners each. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Axon } from 'levin'
import { script } from '../bench/peers.js'
import { type Command, startMiner } from '../bench/processes.js'

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
  /** Connections of validators that they have now, all together. */
  connections(): Promise<number>
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
    const connections = async () => {
      const answer = `${file}.connections`
      rmSync(answer, { force: true })
      process.kill(pid, 'SIGUSR2')
      while (!existsSync(answer)) await sleep(5)
      return Number(readFileSync(answer, 'utf8'))
    }
    return { pid, file, axons: JSON.parse(readFileSync(file, 'utf8')) as Axon[], connections }
  }
}

/** Of this folder. */
export const program = (name: string, ...args: (string | number)[]): Command =>
  script(`../subnet/${name}`, ...args.map(String))
