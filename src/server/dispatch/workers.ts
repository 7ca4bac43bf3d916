/** Handlers with `worker`: in threads, by way of piscina, which is imported here and only when there is such a handler. */
import { realpathSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import { type Clock, inTime } from '../../clock.js'
import type { SynapseDefinition } from '../../contract/definition.js'
import type { Door } from '../../doors/door.js'
import { LevinError, type LevinErrorCode } from '../../errors.js'
import type { LogFields, Logger, LogLevel } from '../../logger.js'
import type { Address } from '../../transport/link.js'
import { decodeValue } from '../../wire/msgpack.js'
import { EncodedMap } from '../../wire/value.js'
import type { LiveCall } from '../call.js'
import type { HandlerClass, HandlerScope } from './container.js'
import { BadAnswer } from './outcome.js'
import type { Invoke } from './route.js'

/** One core stays with the miner's own loop. */
export const DEFAULT_WORKERS = Math.max(1, availableParallelism() - 1)

/** What a handler may still do after its signal aborted, before its thread is ended: enough to notice and to tidy up. */
const GRACE_MS = 1_000

/** A module that is loaded already is there at once; one that waits for `listen` itself would wait for ever. */
const LOAD_MS = 10_000

/** A handler that runs in threads, as the miner's author declared it. */
export interface WorkerHandler {
  readonly type: HandlerClass
  readonly scope: HandlerScope
  readonly definition: SynapseDefinition
  /** URL of the module that exports `type`. */
  readonly module: string
}

/** The same as each thread is told of it. */
export interface ThreadHandler {
  readonly module: string
  /** The name under which the module exports the class. */
  readonly exported: string
  readonly scope: HandlerScope
  readonly synapse: string
}

/** One call as it travels to a thread. Request and answer are MessagePack, as on the wire: nothing of it gets lost. */
export interface ThreadTask {
  readonly id: string
  readonly caller: string
  readonly remote: Address
  readonly door: Door
  readonly synapse: string
  readonly deadline: number
  readonly data: Uint8Array
  readonly traceparent: string | undefined
  /** What middleware added to the call. */
  readonly added: Readonly<Record<string, unknown>>
  /** To the thread goes why nobody waits any more, from there comes a {@link ThreadNote}. */
  readonly port: MessagePort
}

export type ThreadNote =
  | { readonly level: LogLevel; readonly message: string; readonly fields: LogFields | undefined }
  | { readonly limitToMs: number }

export interface ThreadError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: unknown
  readonly isBadAnswer: boolean
}

export type ThreadOutcome = { readonly answer: Uint8Array } | { readonly error: ThreadError }

/** Threads of handlers with `worker`. */
export interface WorkerStats {
  /** That there are now; one that ended is replaced. */
  readonly threads: number
  /** Calls that run in one. */
  readonly running: number
  /** Calls that wait for one. */
  readonly waiting: number
}

export class Workers {
  readonly #threads: number
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #entry: URL
  readonly #handlers: WorkerHandler[] = []
  readonly #calls = new Set<Promise<unknown>>()
  /**
   * Calls that wait for a thread, the oldest first. Not in piscina's queue, which cannot drop a call without the risk
   * of ending the thread that just began it: peers could do that all day. As many as the peers' streams at most.
   */
  readonly #waiting = new Set<() => void>()
  #free: number
  #pool: Piscina<ThreadTask | undefined, ThreadOutcome> | undefined

  /**
   * @param threads how many, 1 or more
   * @param entry for tests: what the threads run, compiled, since a thread knows no TypeScript
   */
  constructor(
    threads: number,
    clock: Clock,
    logger: Logger,
    entry = new URL('./worker-thread.js', import.meta.url),
  ) {
    this.#threads = threads
    this.#free = threads
    this.#clock = clock
    this.#logger = logger
    this.#entry = entry
  }

  /** Adds a handler, before `start`. @returns what runs it */
  handler(handler: WorkerHandler): Invoke {
    this.#handlers.push(handler)
    return (_request, call) => {
      const answer = this.#run(handler, call)
      this.#calls.add(answer)
      const forget = () => this.#calls.delete(answer)
      answer.then(forget, forget)
      return answer
    }
  }

  /**
   * Starts the threads, and makes the handlers' instances in each; does nothing when no handler was added.
   * @throws LevinError CONFIG without piscina, and for a class that a thread cannot import or make
   */
  async start(): Promise<void> {
    if (this.#handlers.length === 0) return
    const { Piscina } = await importPiscina()
    if (Piscina.isWorkerThread) {
      throw new LevinError(
        'CONFIG',
        `a worker thread ran listen(): move the classes with worker out of the module that calls it`,
      )
    }
    const workerData: ThreadHandler[] = []
    for (const handler of this.#handlers) workerData.push(await this.#describe(handler))
    this.#pool = new Piscina({
      filename: this.#entry.href,
      name: 'runInThread',
      workerData,
      minThreads: this.#threads,
      maxThreads: this.#threads,
      // A thread that waits by Atomics would stop the timers and sockets of what the handlers keep.
      atomics: 'disabled',
      recordTiming: false,
    })
    this.#pool.on('error', (error) => this.#logger.error('a worker thread failed between calls', { error }))
    try {
      // As many as there are threads, so that each gets one and none is left to the first call.
      await Promise.all(Array.from({ length: this.#threads }, () => this.#give(undefined)))
    } catch (cause) {
      await this.stop()
      const why = LevinError.from(cause).message
      throw new LevinError('CONFIG', `a worker thread could not be made ready: ${why}`, { cause })
    }
  }

  async #describe({ type, module, scope, definition }: WorkerHandler): Promise<ThreadHandler> {
    const where = `${type.name}, whose synapse '${definition.name}' has worker`
    const exported = Object.entries(await this.#load(module, where)).find(([, value]) => value === type)?.[0]
    if (exported !== undefined) return { module, exported, scope, synapse: definition.name }
    throw new LevinError(
      'CONFIG',
      `${where}, is not exported from ${module}: write \`export class ${type.name}\`, and worker: import.meta.url in ` +
        'that very module',
    )
  }

  async #load(module: string, where: string): Promise<object> {
    const refused = new LevinError(
      'CONFIG',
      `${where}, is in a module that calls listen() while it loads (${module}); each thread would do that again: ` +
        'move the class to a module of its own',
    )
    if (module.split(/[?#]/)[0] === mainModule()) throw refused
    return inTime(this.#clock, LOAD_MS, import(module), () => refused)
  }

  async #run({ definition }: WorkerHandler, call: LiveCall): Promise<unknown> {
    const { signal } = call
    await this.#thread(signal)
    try {
      signal.throwIfAborted() // it may have been as the turn came
      return await this.#runInThread(definition, call)
    } finally {
      this.#release()
    }
  }

  async #runInThread(definition: SynapseDefinition, call: LiveCall): Promise<unknown> {
    const { signal } = call
    const { port1: port, port2 } = new MessageChannel()
    const kill = new AbortController()
    let cancelTimer = (): void => {}
    const onAbort = (): void => {
      port.postMessage(LevinError.from(signal.reason).message)
      cancelTimer = this.#clock.after(GRACE_MS, () => {
        call.log.warn('ended the thread of a handler that ignored its signal', { afterMs: GRACE_MS })
        kill.abort()
      })
    }
    signal.addEventListener('abort', onAbort, { once: true })
    port.on('message', (note: ThreadNote) => heed(note, call))
    try {
      const answer = await this.#give(taskOf(call, port2), kill.signal)
      return definition.options.response === undefined ? new EncodedMap(answer) : decodeValue(answer)
    } finally {
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
      // What the thread wrote before it was done is here, and perhaps not told yet.
      for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port)) {
        heed(left.message, call)
      }
      port.close()
    }
  }

  /** Resolves when there is a thread for a call. @throws the signal's reason when nobody waits for it any more */
  async #thread(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      const enter = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.#waiting.add(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #release(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free++
    else {
      this.#waiting.delete(next)
      next()
    }
  }

  /** @returns the encoded answer @throws what the handler threw, or what ended its thread */
  async #give(task: ThreadTask | undefined, signal?: AbortSignal): Promise<Uint8Array> {
    const transferList = task === undefined ? [] : [task.port, task.data.buffer as ArrayBuffer]
    const outcome = await this.#pool!.run(task, { transferList, ...(signal && { signal }) })
    if ('error' in outcome) throw revive(outcome.error)
    return outcome.answer
  }

  /** @returns undefined when no handler was added, or they are not started */
  stats(): WorkerStats | undefined {
    if (this.#pool === undefined) return undefined
    const { length: threads } = this.#pool.threads
    return { threads, running: this.#threads - this.#free, waiting: this.#waiting.size }
  }

  /** Ends the threads; calls that run must have been cancelled, and have their grace. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#calls)
    await this.#pool?.destroy()
  }
}

async function importPiscina() {
  try {
    return await import('piscina')
  } catch (cause) {
    throw new LevinError(
      'CONFIG',
      `a @Synapse with worker needs the package piscina, which cannot be loaded: npm install piscina@5 (${LevinError.from(cause).message})`,
      { cause },
    )
  }
}

/** The program's main file as a URL; undefined when there is none, as in `node --eval`. */
function mainModule(): string | undefined {
  try {
    return pathToFileURL(realpathSync(process.argv[1] ?? '')).href
  } catch {
    return undefined
  }
}

function taskOf(call: LiveCall, port: MessagePort): ThreadTask {
  const { id, caller, remote, door, synapse, traceparent, deadline } = call
  // Copied: what came is a view of a larger piece of memory, all of which would go along.
  const data = new Uint8Array(call.data.bytes)
  return { id, caller, remote, door, synapse, deadline, data, traceparent, added: additions(call), port }
}

/** What a call has without any middleware. */
const OWN: ReadonlySet<string> = new Set<keyof LiveCall>([
  'caller',
  'remote',
  'door',
  'synapse',
  'traceparent',
  'deadline',
  'keeper',
  'body',
])

/** What middleware added, as far as it can be copied: a function or a socket stays here. */
function additions(call: LiveCall): Record<string, unknown> {
  const added: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(call)) {
    if (OWN.has(key)) continue
    try {
      added[key] = structuredClone(value)
    } catch {}
  }
  return added
}

function heed(note: ThreadNote, call: LiveCall): void {
  try {
    if ('limitToMs' in note) call.limitTo(note.limitToMs)
    else call.log[note.level](note.message, note.fields)
  } catch {} // a logger that throws must not end the process, which it would from a port's listener
}

/** What a handler threw, as the dispatcher tells errors apart. */
function revive({ name, message, stack, code, isBadAnswer }: ThreadError): Error {
  const error = name === 'LevinError' ? new LevinError(code as LevinErrorCode, message) : new Error(message)
  Object.assign(error, { stack }, name !== 'LevinError' && { name, ...(code !== undefined && { code }) })
  return isBadAnswer ? new BadAnswer(error) : error
}
