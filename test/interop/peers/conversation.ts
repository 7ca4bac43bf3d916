/** Python peers that talk with a test: each line of JSON on their standard input is a command, each line they print an answer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { PythonPeer } from './build.js'

export interface Conversation {
  /** What the peer tells. @throws Error with what it says went wrong */
  ask<T>(command: object): Promise<T>
  stop(): Promise<void>
}

export interface Server<T> {
  /** The line that it printed when it was ready. */
  readonly said: T
  stop(): Promise<void>
}

/** Starts a peer that waits for commands. They are answered in their order. */
export function converse(peer: PythonPeer, ...args: string[]): Conversation {
  const { child, next, stop } = start(peer, args)
  let turn: Promise<unknown> = Promise.resolve()
  return {
    ask<T>(command: object): Promise<T> {
      const answer = turn.then(async () => {
        child.stdin!.write(`${JSON.stringify(command)}\n`)
        const { told, error } = JSON.parse(await next()) as { told: T; error?: string }
        if (error !== undefined) throw new Error(error)
        return told
      })
      turn = answer.catch(() => {}) // who asked hears of it
      return answer
    },
    stop,
  }
}

/** Starts a peer that says a line of JSON when it is ready, and serves until it is stopped. */
export async function serve<T>(peer: PythonPeer, ...args: string[]): Promise<Server<T>> {
  const { next, stop } = start(peer, args)
  return { said: JSON.parse(await next()) as T, stop }
}

function start({ python, script }: PythonPeer, args: readonly string[]) {
  // Its warnings would stand between the tests; what ends it is told below.
  const child: ChildProcess = spawn(python, ['-W', 'ignore', script, ...args])
  let complaint = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000)
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    child,
    async next(): Promise<string> {
      const { value, done } = await lines.next()
      if (!done) return value
      await exited
      throw new Error(`${args[0]} of ${script} ended: ${complaint.trim()}`)
    },
    async stop(): Promise<void> {
      child.kill()
      await exited
    },
  }
}
