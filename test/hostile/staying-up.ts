/**
 * Staying up (THREATS T10): a miner under levin-supervisor hangs in a native call, or aborts, while a validator asks it.
 * `node build/test/hostile/staying-up.js [--engine quinn,quiche] [--trials 10]` prints how long each took.
 */
import 'reflect-metadata'
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type Axon, seedSigner, silentLogger, synapse, Validator } from 'levin'

type Engine = 'quinn' | 'quiche'

const NOTICED_MS = 2000
const SERVING_MS = 4000
/** A trial that takes so long has failed, and the next one begins. */
const PATIENCE_MS = 20_000
const ASK_EVERY_MS = 20

const Pid = synapse('pid', {})
const HOWS = ['hang', 'abort'] as const
const ROOT = new URL('../../../', import.meta.url)
const SUPERVISOR = fileURLToPath(new URL('dist/supervisor/main.js', ROOT))
const MINER = fileURLToPath(new URL('test/support/supervised-miner.mjs', ROOT))

export interface StayingUp {
  readonly engine: Engine
  readonly how: (typeof HOWS)[number]
  /** Milliseconds from the cause until the supervisor knew, of each trial; infinite when it never did. */
  readonly noticedMs: readonly number[]
  /** And until the miner answered again. */
  readonly servingMs: readonly number[]
  /** And until the validator that had been connected before was answered, by itself. */
  readonly backMs: readonly number[]
  /** Trials in which the first two were in time, and the validator came back. */
  readonly inTime: number
  readonly holds: boolean
}

/** Tries both ways to die on these engines. @param trials of each */
export async function stayingUp(engines: readonly Engine[], trials: number): Promise<StayingUp[]> {
  const results: StayingUp[] = []
  for (const engine of engines) {
    for (const how of HOWS) {
      const times: Trial[] = []
      for (let i = 0; i < trials; i++) times.push(await trial(engine, how))
      const inTime = times.filter(
        ({ noticedMs, servingMs, backMs }) =>
          noticedMs <= NOTICED_MS && servingMs <= SERVING_MS && backMs < PATIENCE_MS,
      )
      results.push({
        engine,
        how,
        noticedMs: times.map(({ noticedMs }) => noticedMs),
        servingMs: times.map(({ servingMs }) => servingMs),
        backMs: times.map(({ backMs }) => backMs),
        inTime: inTime.length,
        holds: inTime.length === trials,
      })
    }
  }
  return results
}

export function formatStayingUp(results: readonly StayingUp[]): string {
  const range = (times: readonly number[]): string => `${Math.min(...times)} to ${Math.max(...times)} ms`
  const lines = results.map(
    ({ engine, how, noticedMs, servingMs, backMs, inTime, holds }) =>
      `${engine}, ${how}: noticed after ${range(noticedMs)}, serving again after ${range(servingMs)}, ` +
      `its validator back after ${range(backMs)}; ` +
      `${inTime} of ${servingMs.length} within ${NOTICED_MS} and ${SERVING_MS} ms: ${holds ? 'holds' : 'FAILS'}`,
  )
  return lines.join('\n')
}

interface Trial {
  readonly noticedMs: number
  readonly servingMs: number
  readonly backMs: number
}

async function trial(engine: Engine, how: string): Promise<Trial> {
  const port = await freePort()
  const supervisor = spawn(process.execPath, [SUPERVISOR, MINER, String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, which can be ended whole
    env: { ...process.env, LEVIN_ENGINE: engine },
  })
  const connected = validatorOf(engine, 2)
  try {
    const axon = { hotkey: HOTKEY, host: '127.0.0.1', port }
    await once(createInterface(supervisor.stdout), 'line')
    const before = await pidOf(connected, axon)
    const noticed = ended(supervisor)
    const beganAt = performance.now()
    const since = (at: number): number => Math.round(at - beganAt)
    void connected.query(axon, synapse(how, {}), {}).catch(() => {}) // it has no answer
    /** @param ask what may be answered, by the process that was there before or by the next one */
    const another = async (ask: () => Promise<number>): Promise<number> => {
      while (performance.now() - beganAt < PATIENCE_MS) {
        const pid = await ask().catch(() => before)
        if (pid !== before) return since(performance.now())
        await wait(ASK_EVERY_MS)
      }
      return Number.POSITIVE_INFINITY
    }
    const anybody = async (): Promise<number> => {
      const newcomer = validatorOf(engine, 3)
      try {
        return await pidOf(newcomer, axon)
      } finally {
        newcomer.close()
      }
    }
    const [servingMs, backMs] = await Promise.all([another(anybody), another(() => pidOf(connected, axon))])
    const noticedMs = servingMs < PATIENCE_MS ? since(await noticed) : Number.POSITIVE_INFINITY
    return { noticedMs, servingMs, backMs }
  } finally {
    connected.close()
    supervisor.kill('SIGTERM')
    const patience = setTimeout(() => process.kill(-supervisor.pid!, 'SIGKILL'), PATIENCE_MS)
    await once(supervisor, 'close')
    clearTimeout(patience)
  }
}

/** With as much patience as there is time for: what is measured is the miner. */
const validatorOf = (engine: Engine, seed: number): Validator =>
  new Validator({
    signer: seedSigner(new Uint8Array(32).fill(seed)),
    engine,
    logger: silentLogger,
    connectTimeoutMs: 500,
    reconnect: { firstMs: 100, mostMs: 100, fastTries: 1000 },
  })

const HOTKEY = seedSigner(new Uint8Array(32).fill(1)).hotkey

async function pidOf(validator: Validator, axon: Axon): Promise<number> {
  return (await validator.query(axon, Pid, {}, { timeoutMs: 500 })).data.pid as number
}

/** When the supervisor says that its program ended. */
async function ended(supervisor: ChildProcess): Promise<number> {
  for await (const line of createInterface(supervisor.stderr!))
    if (line.includes('the program ended')) return performance.now()
  return Number.POSITIVE_INFINITY
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'quinn,quiche' },
      trials: { type: 'string', default: '10' },
    },
  })
  const results = await stayingUp(values.engine.split(',') as Engine[], Number(values.trials))
  console.log(formatStayingUp(results))
  process.exitCode = results.every(({ holds }) => holds) ? 0 : 1
}
