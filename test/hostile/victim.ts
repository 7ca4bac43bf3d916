/** The miner that is attacked, in a process of its own, and what it says of itself. */
import { get } from 'node:http'
import { type Axon, type MinerStats, seedSigner } from 'levin'
import { script } from '../bench/peers.js'
import { startMiner } from '../bench/processes.js'
import { seedOf } from '../interop/options.js'

/** What does not answer for so long hangs: longer than any machine is busy. */
export const HANG_MS = 15_000

export interface Reading {
  readonly stats: MinerStats
  /** Bytes, of the process and of JavaScript's heap, after a collection of garbage. */
  readonly rss: number
  readonly heapUsed: number
  /** The longest that its loop stood still since the last reading, in milliseconds. */
  readonly longestMs: number
}

export class Victim {
  readonly #control: string
  readonly pid: number
  readonly port: number
  readonly axon: Axon
  /** How its process ended, undefined while it runs. */
  readonly end: () => string | undefined

  private constructor(control: string, pid: number, port: number, end: () => string | undefined) {
    this.#control = control
    this.pid = pid
    this.port = port
    this.end = end
    this.axon = { hotkey: seedSigner(seedOf(1)).hotkey, host: '127.0.0.1', port }
  }

  /** @param control path of a socket that is not there yet */
  static async start(control: string, args: readonly string[]): Promise<Victim> {
    const { file, args: program } = script('../hostile/miner.js', '--control', control, ...args)
    const { pid, port, end } = await startMiner('the miner', { file, args: ['--expose-gc', ...program] })
    return new Victim(control, pid, port, end)
  }

  /** @returns undefined when it is gone, or hangs */
  async read(): Promise<Reading | undefined> {
    try {
      return await ask(this.#control)
    } catch {
      return undefined
    }
  }

  /** At once: one that hangs hears no other signal. */
  kill(): void {
    if (this.end() === undefined) process.kill(this.pid, 'SIGKILL')
  }
}

function ask(socketPath: string): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, timeout: HANG_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(JSON.parse(text) as Reading))
    })
    request.on('timeout', () => request.destroy(new Error('the miner hangs')))
    request.on('error', reject)
  })
}
