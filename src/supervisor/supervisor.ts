import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { pause, systemClock } from '../clock.js'
import type { Logger } from '../logger.js'
import { HANG_MS, SUPERVISOR_FD } from '../watchdog/supervised.js'
import { Restarts } from './restarts.js'

/** The program's descriptor of the pipe between the two: each notices by it that the other is gone. */
const PIPE_FD = 3
/** Of the reason that a watchdog gives. */
const MAX_REASON_CHARACTERS = 500

export interface SupervisorOptions {
  /** Of node: the program's file and its arguments. */
  readonly args: readonly string[]
  /** Milliseconds without a turn of the program's loop after which it is ended; 0 is never. */
  readonly hangMs: number
  readonly logger: Logger
}

/** How a program ended. */
interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What its watchdog, or the system, said about it. */
  readonly reason: string
}

/** Runs a program in a process of its own, and starts it again when it dies. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #restarts = new Restarts()
  readonly #stopping = new AbortController()
  #child: ChildProcess | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /**
   * Resolves when the program ended by itself without a failure, or was told to stop.
   * @returns its exit code, or 128 and the number of the signal that ended it
   */
  async run(): Promise<number> {
    const { logger } = this.#options
    for (;;) {
      const startedMs = systemClock.monotonicMs()
      const { code, signal, reason } = await this.#runOnce()
      if (code === 0 || this.#stopping.signal.aborted) return exitCode(code, signal)
      const ranForMs = Math.round(systemClock.monotonicMs() - startedMs)
      const restartInMs = this.#restarts.delayAfter(ranForMs)
      const why = { ...(signal === null ? { code } : { signal }), ...(reason && { reason }) }
      logger.error('the program ended, and is started again', { ...why, ranForMs, restartInMs })
      await pause(restartInMs, this.#stopping.signal)
      if (this.#stopping.signal.aborted) return 0
    }
  }

  /** Passes the signal on, and starts nothing any more. May be called again: a program decides what a second signal means. */
  stop(signal: NodeJS.Signals): void {
    this.#stopping.abort()
    this.#child?.kill(signal)
  }

  async #runOnce(): Promise<End> {
    const { args, hangMs } = this.#options
    const child = spawn(process.execPath, [...process.execArgv, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: { ...process.env, [HANG_MS]: String(hangMs), [SUPERVISOR_FD]: String(PIPE_FD) },
    })
    this.#child = child
    const reason = reasonOf(child)
    try {
      const [code, signal] = await once(child, 'exit')
      return { code, signal, reason: await reason }
    } catch (error) {
      return { code: null, signal: null, reason: (error as Error).message } // it was never started
    } finally {
      this.#child = undefined
    }
  }
}

/** What the program's watchdog says until the pipe ends, which is when the program does. */
async function reasonOf(child: ChildProcess): Promise<string> {
  let said = ''
  const pipe = child.stdio[PIPE_FD] as Readable | null | undefined // none when it could not be started
  pipe?.setEncoding('utf8')
  pipe?.on('data', (text: string) => {
    said = (said + text).slice(0, MAX_REASON_CHARACTERS)
  })
  if (pipe) await new Promise((resolve) => pipe.on('close', resolve).on('error', resolve))
  return said
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal]
}
