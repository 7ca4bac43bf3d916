/** One measurement: a client in its own process against a miner that is up already. */
import { Meter } from './meter.js'
import { type Command, type Miner, type Output, runToLine } from './processes.js'

export interface Load {
  readonly size: number
  readonly inflight: number
}

export interface Measurement {
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Median of fresh connections, from nothing to the first answer. */
  readonly setupMs: number
  readonly clientCpuUs: number
  /** Null where the system does not tell. */
  readonly minerCpuUs: number | null
  /** What the loopback carried for a request, there and back, headers and acknowledgements included. */
  readonly wireBytes: number | null
  readonly frameBytes: number
}

/** Connections set up anew in each measurement. */
const SETUPS = 5
export const EXTRA_MS = 60_000
/** A window with fewer answers in a row than this counts bursts: all requests in flight are answered at about one time. */
const ANSWERS_IN_A_ROW = 3
const MAX_SECONDS = 6

/** Lets a miner get to its usual speed: a runtime that compiles while it runs is slow at first, others are not. */
export async function warmUp(name: string, client: Command, miner: Miner): Promise<void> {
  await run(name, client, miner, { size: 1024, inflight: 32 }, 1)
}

/**
 * Measures for `seconds`, and again for longer when the answers turn out to be too slow for that.
 * @returns the seconds that it took in the end, to start with the next time
 */
export async function measure(
  name: string,
  client: Command,
  miner: Miner,
  load: Load,
  seconds: number,
): Promise<{ measurement: Measurement; seconds: number }> {
  const { report, usage } = await run(name, client, miner, load, seconds)
  const needed =
    report.p50Ms === null ? seconds * 4 : Math.min(MAX_SECONDS, (ANSWERS_IN_A_ROW * report.p50Ms) / 1000)
  if (needed > seconds * 1.25 && seconds < MAX_SECONDS) {
    return measure(name, client, miner, load, Math.min(MAX_SECONDS, Math.ceil(needed)))
  }
  const { rps, p50Ms, p99Ms, setupMs, cpuUs, frameBytes } = report
  if (p50Ms === null || p99Ms === null || setupMs === null || cpuUs === null || frameBytes === null) {
    throw new Error(`${name} had no answer in ${seconds} s`)
  }
  const measurement = {
    rps,
    p50Ms,
    p99Ms,
    setupMs,
    clientCpuUs: cpuUs,
    minerCpuUs: usage === undefined ? null : usage.cpuUsPerSecond / rps,
    wireBytes: usage === undefined ? null : usage.wireBytesPerSecond / rps,
    frameBytes,
  }
  return { measurement, seconds }
}

async function run(name: string, client: Command, miner: Miner, load: Load, seconds: number) {
  const options = { size: load.size, inflight: load.inflight, seconds, setups: SETUPS }
  const meter = new Meter(miner.pid)
  try {
    const { line, at } = await runClient(name, client, miner, options, seconds * 1000 + EXTRA_MS)
    const report = readReport(line)
    // The miner cannot see when a client measures. It does so for `seconds`, then waits for what is still in flight
    // (which takes about as long as an answer does), and prints. So the miner is judged by the CPU it used a second in
    // the middle of that window, where the load is steady, against the answers a second that the client counted.
    const closed = at - (report.p50Ms ?? 0)
    const usage = meter.between(closed - 900 * seconds, closed - 250 * seconds)
    return { report, usage }
  } finally {
    meter.stop()
  }
}

/** Runs a client to its report. @throws MinerGone when it could have none */
export async function runClient(
  name: string,
  client: Command,
  miner: Miner,
  options: Readonly<Record<string, number>>,
  timeoutMs: number,
): Promise<Output> {
  const given = Object.entries({ port: miner.port, ...options })
  const args = given.flatMap(([option, value]) => [`--${option}`, String(value)])
  try {
    const command = { ...client, args: [...client.args, ...args] }
    return await runToLine(`${name}: the client`, command, timeoutMs)
  } catch (error) {
    const end = miner.end()
    throw end === undefined ? error : new MinerGone(`${name}: the miner ended with ${end}`, { cause: error })
  }
}

/** No measurement with this miner can succeed any more. */
export class MinerGone extends Error {}

interface Report {
  readonly rps: number
  /** Null when no request was answered in the window. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly setupMs: number | null
  readonly cpuUs: number | null
  readonly frameBytes: number | null
}

function readReport(line: string): Report {
  const values = JSON.parse(line) as Record<string, unknown>
  const number = (name: keyof Report): number | null => {
    const value = values[name]
    return typeof value === 'number' ? value : null
  }
  return {
    rps: number('rps') ?? 0,
    p50Ms: number('p50Ms'),
    p99Ms: number('p99Ms'),
    setupMs: number('setupMs'),
    cpuUs: number('cpuUs'),
    frameBytes: number('frameBytes'),
  }
}
