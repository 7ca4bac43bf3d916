/** The processes of the benchmark. None outlives it: they end with this one, whatever ends it. */
import { type ChildProcess, spawn } from 'node:child_process'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** Besides our own environment. */
  readonly env?: NodeJS.ProcessEnv
}

export interface Miner {
  readonly pid: number
  readonly port: number
  /** What it ended with, undefined while it runs. */
  readonly end: () => string | undefined
}

export interface Started {
  readonly pid: number
  readonly line: string
  readonly end: Miner['end']
}

export interface Output {
  readonly line: string
  /** `performance.now()` when the line came. */
  readonly at: number
}

const START_MS = 30_000
const running = new Set<ChildProcess>()

process.once('exit', stopAll)
// A signal would end this process without its 'exit'.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => process.exit(code))
}

export function stopAll(): void {
  for (const child of running) child.kill('SIGTERM')
}

/** Starts a peer that serves until it is killed, and waits until it says `listening PORT`. */
export async function startMiner(name: string, command: Command): Promise<Miner> {
  const { line, pid, end } = await startToLine(name, command, START_MS)
  const port = Number(/^listening (\d+)$/.exec(line)?.[1])
  if (!(port > 0)) throw new Error(`${name} said '${line}' and not 'listening PORT'`)
  return { pid, port, end }
}

/** Starts a program that says one line at some time, and stays until it is killed. */
export async function startToLine(name: string, command: Command, timeoutMs: number): Promise<Started> {
  const child = launch(command)
  const { line } = await firstLine(name, child, timeoutMs)
  const end = () => (child.end() === undefined ? undefined : `${child.end()}${child.complaint()}`)
  return { pid: child.process.pid!, line, end }
}

/** Runs a program that prints one line and ends. */
export async function runToLine(name: string, command: Command, timeoutMs: number): Promise<Output> {
  const child = launch(command)
  const output = await firstLine(name, child, timeoutMs)
  await child.closed
  const end = child.end()
  if (end !== 'exit code 0') throw new Error(`${name} ended with ${end}${child.complaint()}`)
  return output
}

interface Child {
  readonly process: ChildProcess
  readonly closed: Promise<void>
  readonly end: () => string | undefined
  /** The last that it wrote to standard error. */
  readonly complaint: () => string
}

function launch({ file, args, env }: Command): Child {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  running.add(child)
  let end: string | undefined
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const closed = new Promise<void>((resolve) => {
    const settle = (how: string): void => {
      end ??= how
      running.delete(child)
      resolve()
    }
    child.once('error', (error) => settle(error.message))
    child.once('close', (code, signal) => settle(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  return {
    process: child,
    closed,
    end: () => end,
    complaint: () => (complaint.trim() === '' ? '' : `\n${complaint.trim()}`),
  }
}

function firstLine(name: string, child: Child, timeoutMs: number): Promise<Output> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.process.kill('SIGKILL')
      reject(new Error(`${name} said nothing in ${Math.round(timeoutMs / 1000)} s${child.complaint()}`))
    }, timeoutMs)
    let text = ''
    child.process.stdout?.setEncoding('utf8').on('data', (part: string) => {
      const at = performance.now()
      text += part
      const end = text.indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      resolve({ line: text.slice(0, end).trim(), at })
    })
    child.closed.then(() => {
      clearTimeout(timer)
      reject(new Error(`${name} ended with ${child.end()}${child.complaint()}`))
    })
  })
}
