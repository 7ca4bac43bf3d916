/** The programs that these suites start, and end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
}

export const running = new Set<ChildProcess>()

export function start({ command, args }: Program, ...more: string[]): ChildProcess {
  const child = spawn(command, [...args, ...more], { stdio: ['ignore', 'pipe', 'ignore'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Starts a server and waits until it says where it listens. */
export async function listening(program: Program): Promise<{ port: string; stop: () => Promise<void> }> {
  const child = start(program, '--port', '0')
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout! })) {
    const port = /^listening (\d+)$/.exec(line)?.[1]
    if (port === undefined) continue
    return {
      port,
      stop: async () => {
        child.kill()
        await exited
      },
    }
  }
  throw new Error(`${program.command} ${program.args.join(' ')} ended before it listened`)
}

export const command = (program: Program, name: string, ...args: string[]): Program => ({
  command: program.command,
  args: [...program.args, name, ...args],
})

export function killAll(): void {
  for (const child of running) child.kill()
}
