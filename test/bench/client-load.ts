/** Keeps requests in flight for a while, and prints one JSON line about them: what each client in TypeScript does. */
import { numberOption } from './arguments.js'
import { WARM_UP_MS } from './connect.js'
import { median } from './results.js'

export interface LoadClient {
  /** One request and its answer, checked. @param worker each has one in flight */
  ask(worker: number): Promise<void>
  close(): void
  /** From nothing to the first answer of a new connection, in milliseconds. */
  setUpMs(): Promise<number>
  /** What a request weighs on the wire, without what carries it. */
  readonly frameBytes: number
}

export const size = numberOption('size')
export const inFlight = numberOption('inflight')
export const seconds = numberOption('seconds')
const setups = numberOption('setups', 0)

/** Set-ups before those that count: what a validator does all its life is compiled. */
const WARM_UP_SETUPS = 8

/** Does not return: the process ends when the line is printed. */
export async function measureLoad(client: LoadClient): Promise<never> {
  const latencies: number[] = []
  let measuring = false
  let running = true
  const work = async (worker: number): Promise<void> => {
    while (running) {
      const asked = performance.now()
      await client.ask(worker)
      if (measuring) latencies.push(performance.now() - asked)
    }
  }
  const asking = Promise.all(Array.from({ length: inFlight }, (_, worker) => work(worker)))
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS))
  measuring = true
  const begin = performance.now()
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const used = process.cpuUsage(cpu)
  const elapsed = (performance.now() - begin) / 1000
  measuring = false
  running = false
  const requests = latencies.length
  await asking
  latencies.sort((a, b) => a - b)
  client.close()

  // Last, when the process is warm, as the miner is: a validator sets up connections all its life.
  if (setups > 0) for (let i = 0; i < WARM_UP_SETUPS; i++) await client.setUpMs()
  const setupTimes: number[] = []
  for (let i = 0; i < setups; i++) setupTimes.push(await client.setUpMs())
  console.log(
    JSON.stringify({
      rps: requests / elapsed,
      p50Ms: latencies[Math.floor(requests * 0.5)],
      p99Ms: latencies[Math.floor(requests * 0.99)],
      setupMs: median(setupTimes),
      cpuUs: (used.user + used.system) / requests,
      requests,
      frameBytes: client.frameBytes,
    }),
  )
  process.exit(0)
}
