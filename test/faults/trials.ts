/** What is tried in bad weather, and what is asked of it. The numbers T1 to T21 are those of the threat model. */
import { LevinError, type MinerConnection, silentLogger, synapse, Validator } from 'levin'
import { axonAt, type Network, VALIDATORS, validatorSigner } from './means.js'
import { countEach, quantile } from './report.js'
import type { Weather } from './weather.js'

export interface Trial {
  readonly id: string
  /** What is done in which weather. */
  readonly what: string
  readonly asked: string
  readonly weather: readonly Weather[]
  /** What the miner is told besides. */
  readonly minerArgs?: readonly string[]
  /** @param isShort does less, within times that a machine with other work meets */
  run(networks: readonly Network[], isShort: boolean): Promise<Finding>
}

export interface Finding {
  readonly measured: string
  readonly holds: boolean
}

const MIB = 1024 * 1024
const echo = synapse('echo', {})
const count = synapse('count', { stream: true })

/**
 * Asks as one of the validators; each has one connection at a time.
 * @param attempts to connect
 */
async function connected<T>(
  network: Network,
  validator: number,
  use: (connection: MinerConnection) => Promise<T>,
  attempts = 1,
): Promise<T> {
  const signer = validatorSigner(validator % VALIDATORS)
  const one = new Validator({
    signer,
    logger: silentLogger,
    connectTimeoutMs: 60_000,
    timeoutMs: 60_000,
    idleTimeoutMs: 1_200_000,
  })
  try {
    let connection: MinerConnection | undefined
    for (let attempt = 1; connection === undefined; attempt++) {
      connection = await one.connect(axonAt(network.port)).catch((error: unknown) => {
        if (attempt === attempts) throw error
        return undefined
      })
    }
    return await use(connection)
  } finally {
    one.close()
  }
}

/** No two payloads are the same. */
const payloadOf = (n: number, bytes: number): Buffer => Buffer.alloc(bytes, `payload ${n}; `)

async function echoes(
  connection: MinerConnection,
  n: number,
  bytes: number,
  timeoutMs = 60_000,
): Promise<number> {
  const payload = payloadOf(n, bytes)
  const { data, latencyMs } = await connection.query(echo, { payload }, { timeoutMs })
  if (!payload.equals(data.payload as Uint8Array)) throw new Error('the answer is not the request')
  return latencyMs
}

/** `total` pieces of work, some at a time. */
async function many<T>(total: number, atOnce: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const inTurn = async (): Promise<void> => {
    while (next < total) {
      const n = next++
      results[n] = await work(n)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, inTurn))
  return results
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => LevinError.from(error).code,
  )

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

const LINE: Weather = { bitsPerSecond: 10_000_000, delayMs: 5 }
/** T2's, twice, and T3's: also for peers of other makes. */
export const LOSSY_LINE: Weather = { ...LINE, drop: 0.02 }
export const ROUGH: Weather = { drop: 0.1, reorder: 0.1, duplicate: 0.05 }

export const TRIALS: readonly Trial[] = [
  {
    id: 'T1',
    what: '50 handshakes, each with 1 KB; 30 % lost each way, 15 ms delay',
    asked: '50 of 50 within 300 s',
    weather: [{ drop: 0.3, delayMs: 15 }],
    async run([network], isShort) {
      const total = isShort ? 2 * VALIDATORS : 50
      let codes: string[] = []
      const took = await seconds(async () => {
        // A validator has one connection, so that each does its share one after the other.
        const shares = await many(VALIDATORS, VALIDATORS, async (validator) => {
          const share: string[] = []
          for (let n = validator; n < total; n += VALIDATORS) {
            share.push(
              await codeOf(connected(network!, validator, (connection) => echoes(connection, n, 1024))),
            )
          }
          return share
        })
        codes = shares.flat()
      })
      const answered = codes.filter((code) => code === 'ok').length
      return {
        measured: `${answered} of ${total} in ${took.toFixed(0)} s${failuresOf(codes)}`,
        holds: answered === total && took <= 300,
      }
    },
  },
  {
    id: 'T2',
    what: '2 MB there and back at 10 Mbit/s; 2 % lost, then 2 % damaged; 10 seeds',
    asked: 'each byte-exact within 60 s',
    weather: [...Array(10).fill(LOSSY_LINE), ...Array(10).fill({ ...LINE, corrupt: 0.02 })],
    async run(networks, isShort) {
      const tried = isShort ? [...networks.slice(0, 2), ...networks.slice(10, 12)] : networks
      const took = await many(tried.length, 4, (n) =>
        seconds(() => connected(tried[n]!, n, (connection) => echoes(connection, n, 2 * MIB))),
      )
      const longest = Math.max(...took)
      return {
        measured: `${took.length} of ${tried.length}, the longest ${longest.toFixed(1)} s`,
        holds: longest <= 60,
      }
    },
  },
  {
    id: 'T3',
    what: '1,000 echoes of 1 KiB, then 50 of 4 MiB; 10 % lost, 10 % out of order, 5 % doubled',
    asked: 'all answered; p99 of the small ones at most 500 ms; none of the large ones takes over 5 s',
    weather: [ROUGH],
    async run([network], isShort) {
      return connected(network!, 0, async (connection) => {
        const small = await many(isShort ? 200 : 1000, 8, (n) => echoes(connection, n, 1024))
        const large = await many(isShort ? 2 : 50, 1, (n) => echoes(connection, n, 4 * MIB))
        const [p99, longest] = [quantile(small, 0.99), Math.max(...large) / 1000]
        return {
          measured: `all answered; p99 ${p99.toFixed(0)} ms; the longest of ${large.length} large ones ${longest.toFixed(1)} s`,
          holds: isShort || (p99 <= 500 && longest <= 5),
        }
      })
    },
  },
  {
    id: 'T4',
    what: '1,000 echoes of 1 KiB, one at a time on each of 8 connections; 30 % lost',
    asked: '99 % answered, the others reported within 30 s',
    weather: [{ drop: 0.3 }],
    async run([network], isShort) {
      const total = isShort ? 160 : 1000
      const begin = performance.now()
      let latest = 0
      const shares = await many(VALIDATORS, VALIDATORS, (validator) =>
        connected(
          network!,
          validator,
          (connection) =>
            many(total / VALIDATORS, 1, async (n) => {
              const asked = performance.now()
              const code = await codeOf(echoes(connection, n, 1024, 30_000))
              latest = Math.max(latest, performance.now() - asked)
              return code
            }),
          5,
        ),
      )
      const codes = shares.flat()
      const answered = codes.filter((code) => code === 'ok').length
      const took = (performance.now() - begin) / 1000
      return {
        measured: `${answered} of ${total} answered in ${took.toFixed(0)} s, each within ${(latest / 1000).toFixed(1)} s${failuresOf(codes)}`,
        holds: answered >= 0.99 * total && latest <= 30_500,
      }
    },
  },
  {
    id: 'T5',
    what: 'a stream of 10 MB at 10 Mbit/s; nothing passes for 2 s of every 5',
    asked: 'complete, on one connection',
    weather: [{ ...LINE, delayMs: 15, blackhole: { everyMs: 5000, forMs: 2000 } }],
    // more than the 30 s by default, which one hole more than usual could take
    minerArgs: ['--handler-timeout', '120'],
    async run([network]) {
      return connected(network!, 0, async (connection) => {
        let bytes = 0
        const took = await seconds(async () => {
          for await (const chunk of connection.stream(count, { n: 160, size: 65_536 })) bytes += chunk.length
        })
        const isWhole = bytes === 160 * 65_536 && connection.isOpen
        return { measured: `${(bytes / 1e6).toFixed(1)} MB in ${took.toFixed(0)} s`, holds: isWhole }
      })
    },
  },
  {
    id: 'T5',
    what: 'a handshake and an echo of 1 KiB; round trips of 1.5 s',
    asked: 'answered, on one connection',
    weather: [{ delayMs: 750 }],
    async run([network], isShort) {
      const took = await seconds(() => connected(network!, 0, (connection) => echoes(connection, 0, 1024)))
      return {
        measured: `answered ${took.toFixed(1)} s after the first datagram`,
        // four round trips, with the Retry; a validator that has no connection after 5 s dials once more
        holds: isShort || took <= 6.5,
      }
    },
  },
]

/** What went wrong, by code. */
function failuresOf(codes: readonly string[]): string {
  return countEach(codes.filter((code) => code !== 'ok'))
    .map((count) => `; ${count}`)
    .join('')
}
