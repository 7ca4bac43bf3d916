/** What a worker thread runs: makes the handlers' instances once, then answers calls that workers.ts sends. */
import { inspect } from 'node:util'
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { handlersOf } from '../../decorators/metadata.js'
import { LevinError } from '../../errors.js'
import { type LogFields, type Logger, type LogLevel, loggerOf, silentLogger } from '../../logger.js'
import { decodeValue, encodeValue } from '../../wire/msgpack.js'
import { EncodedMap, type SynapseData } from '../../wire/value.js'
import { LiveCall } from '../call.js'
import { type HandlerClass, MinerContainer } from './container.js'
import { BadAnswer } from './outcome.js'
import { createRoute, type Route } from './route.js'
import type { ThreadError, ThreadHandler, ThreadNote, ThreadOutcome, ThreadTask } from './workers.js'

let routes: Promise<ReadonlyMap<string, Route>> | undefined

/**
 * What piscina gives calls to, and waits for before the first: a call that found the thread starting would end it when
 * nobody waits for that call any more, and the next call would end its successor. Why a start failed is told to the
 * first call.
 */
export const runInThread = start().then(() => answerTask)

async function start(): Promise<void> {
  routes = makeRoutes(workerData as ThreadHandler[])
  await routes.catch(() => {})
}

/** Answers one call; without a task only makes ready to. Never rejects. */
async function answerTask(task?: ThreadTask): Promise<ThreadOutcome> {
  try {
    routes ??= makeRoutes(workerData as ThreadHandler[])
    const known = await routes.catch((error: unknown) => {
      routes = undefined // what failed once, as a connection may, is tried again with the next call
      throw error
    })
    return { answer: task === undefined ? new Uint8Array() : await answer(known.get(task.synapse)!, task) }
  } catch (error) {
    return { error: plain(error) }
  }
}

async function makeRoutes(handlers: ThreadHandler[]): Promise<ReadonlyMap<string, Route>> {
  const container = new MinerContainer()
  const made = new Map<string, Route>()
  for (const { module, exported, scope, synapse } of handlers) {
    const type = ((await import(module)) as Record<string, HandlerClass>)[exported]!
    const { method, definition } = handlersOf(type).find((record) => record.definition.name === synapse)!
    const instanceOf = container.instances(type, scope)
    // Neither middleware nor time limit: the miner has both around the call.
    const route = createRoute(
      definition,
      (request, call) => (instanceOf(call) as Methods)[method]!(request, call),
      [],
      0,
    )
    made.set(synapse, route)
  }
  try {
    await container.start()
  } catch (error) {
    await container.dispose(silentLogger) // the reason why it did not start says more
    throw error
  }
  return made
}

async function answer(route: Route, task: ThreadTask): Promise<Uint8Array> {
  const call = new ThreadCall(task)
  try {
    const given = route.answer(await route.run(call))
    // Copied: what was encoded is a view of a larger piece of memory, all of which would go along.
    return new Uint8Array(encoded(given))
  } finally {
    call.done()
  }
}

/** @throws BadAnswer */
function encoded(given: object): Uint8Array {
  if (given instanceof EncodedMap) return given.bytes
  try {
    return encodeValue(given, 'answer')
  } catch (cause) {
    throw new BadAnswer(cause)
  }
}

type Methods = Record<string | symbol, (request: unknown, call: unknown) => unknown>

/** The call as the handler sees it here; the miner's thread keeps its deadline and writes its log lines. */
class ThreadCall extends LiveCall {
  readonly #id: string
  readonly #port: MessagePort
  readonly #logger: Logger

  constructor({ id, caller, remote, door, synapse, deadline, data, traceparent, added, port }: ThreadTask) {
    const logger = loggerTo(port)
    super(
      { caller, remote, door, deadline, logger },
      {
        synapseType: synapse,
        data: decodeValue(data) as SynapseData,
        encodedData: new EncodedMap(data),
        timestamp: 0,
        traceparent,
      },
    )
    this.#id = id
    this.#port = port
    this.#logger = logger
    Object.assign(this, added)
    port.on('message', (why: string) => this.#cancel(why))
  }

  override get id(): string {
    return this.#id
  }

  /** Without the call's fields, which the miner's thread adds. */
  override get log(): Logger {
    return this.#logger
  }

  /** Looks for the end itself, so that a handler that never lets the thread's loop turn can see it. */
  override get signal(): AbortSignal {
    const why = receiveMessageOnPort(this.#port)
    if (why !== undefined) this.#cancel(why.message)
    return super.signal
  }

  override limitTo(ms: number): void {
    tell(this.#port, { limitToMs: ms })
  }

  #cancel(why: string): void {
    this.abort(new LevinError('ABORTED', why))
  }
}

const tell = (port: MessagePort, note: ThreadNote): void => port.postMessage(note)

function loggerTo(port: MessagePort): Logger {
  const write = (level: LogLevel) => (message: string, fields?: LogFields) => {
    try {
      tell(port, { level, message, fields })
    } catch {
      // What cannot be copied goes as text.
      tell(port, { level, message, fields: { fields: inspect(fields, { customInspect: false }) } })
    }
  }
  return loggerOf(write)
}

/** Copied between threads, an error would lose its code and its class. */
function plain(thrown: unknown): ThreadError {
  const isBadAnswer = thrown instanceof BadAnswer
  const error = thrown instanceof Error ? thrown : LevinError.from(thrown)
  const { name, message, stack, code } = error as Error & { code?: unknown }
  const isCopied = typeof code === 'string' || typeof code === 'number'
  return { name, message, stack, code: isCopied ? code : undefined, isBadAnswer }
}
