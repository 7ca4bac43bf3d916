/** The process of stopped-miner.mjs: the built package, as a user runs it. `npm test` builds it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface StoppedMiner {
  readonly child: ChildProcess
  readonly port: number
  /** Numbers of the requests whose handler began; complete when the process has ended. */
  readonly begun: number[]
  /** Resolves when a handler of `hang` runs. */
  readonly hanging: Promise<void>
  /** What it wrote on standard error. */
  stderr(): string
  /** Resolves when it has ended, to its exit code. */
  readonly ended: Promise<number | null>
}

type Told = { port?: number; begun?: number[]; hanging?: true }

export async function startMiner(mode = ''): Promise<StoppedMiner> {
  const script = fileURLToPath(new URL('stopped-miner.mjs', import.meta.url))
  const child = fork(script, [mode], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], execArgv: [] })
  const begun: number[] = []
  let stderr = ''
  child.stderr!.on('data', (text) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const hanging = new Promise<void>((resolve) => {
    child.on('message', (told: Told) => {
      begun.push(...(told.begun ?? []))
      if (told.hanging) resolve()
    })
  })
  const [{ port }] = (await Promise.race([
    once(child, 'message'),
    ended.then((code) => Promise.reject(new Error(`the miner ended with ${code}: ${stderr}`))),
  ])) as [Told]
  return { child, port: port!, begun, hanging, stderr: () => stderr, ended }
}
