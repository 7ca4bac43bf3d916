/** T17: validators that come and go, cancel and break off, for a long time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { LevinError, type MinerConnection, seedSigner, silentLogger, synapse, Validator } from 'levin'
import { countEach } from '../faults/report.js'
import { type Random, seeded } from '../wire/seeded.js'
import { MIB } from './attack.js'
import type { Trial } from './means.js'
import { relayFromEverywhere } from './relay.js'
import type { Reading, Victim } from './victim.js'

const CONNECTS_A_SECOND = 50
/** As many as a subnet has. Each is known for an hour, so that ever new ones would fill tables that have their own bounds. */
const VALIDATORS = 256
/** A miner has 128 places: on a machine that is too busy for so many connects, there are fewer. */
const AT_ONCE = 64
const READ_EVERY_MS = 1_000
/** What is compiled, allocated and grown once: a third of the time. */
const WARM_UP = 1 / 3
/**
 * The least of so long is what stays: half a megabyte of each visitor comes and goes in between, and the engine gives back
 * what is free every ten seconds.
 */
const QUIETEST_OF_MS = 20_000
const QUIETEST_OF_SHORT_MS = 2_000
/** MiB a minute. */
const SLOPE = 1
/** In a short run a slope is noise, since what V8 has not given back yet comes and goes by a few MiB: there, that much more. */
const NOISE_MIB = 4
const GONE_MS = 60_000

const echo = synapse('echo', {})
const slow = synapse('slow', {})
const count = synapse('count', { stream: true })

export const soak: Trial = {
  id: 'T17',
  attack: '50 connects a second, of them 10 % cancelled and 5 % broken off, answers of mixed sizes',
  asked: 'memory slope below 1 MiB a minute after warm-up, tables empty at the end',
  async run(means) {
    const victim = await means.miner()
    const relay = await relayFromEverywhere(victim.port)
    const readings: Timed[] = []
    const outcomes: string[] = []
    const random = seeded(means.seed)
    const begin = performance.now()
    const visits: Promise<void>[] = []
    const reading = sample(victim, readings, () => performance.now() - begin < means.soakMs)
    let [n, running] = [0, 0]
    while (performance.now() - begin < means.soakMs) {
      if (running < AT_ONCE) {
        running++
        visits.push(
          visit(victim, relay.port, n++, random).then((outcome) => {
            running--
            outcomes.push(outcome)
          }),
        )
      }
      await sleep(1000 / CONNECTS_A_SECOND)
    }
    await reading
    await Promise.all(visits)
    const left = await emptied(victim)
    relay.close()
    const warm = readings.slice(Math.floor(readings.length * WARM_UP))
    const minutes = (warm.at(-1)!.atMs - warm[0]!.atMs) / 60_000
    const widthMs = means.size(QUIETEST_OF_MS, QUIETEST_OF_SHORT_MS)
    const aMinute = (of: (reading: Reading) => number): number =>
      slopeOf(quietest(warm, widthMs, of).map((bytes) => bytes / MIB)) * (60_000 / widthMs)
    const [slope, heapSlope] = [aMinute(({ rss }) => rss), aMinute(({ heapUsed }) => heapUsed)]
    const isSteady = means.isShort ? slope * minutes < NOISE_MIB : slope < SLOPE
    const wrong = outcomes.filter((outcome) => outcome !== 'ok')
    return {
      packets: n,
      memory: [warm[0]!.rss, Math.max(...warm.map(({ rss }) => rss))],
      measured: `${n} visits in ${(means.soakMs / 1000).toFixed(0)} s, ${slope.toFixed(2)} MiB a minute, of JavaScript's heap ${heapSlope.toFixed(2)}; ${left === '' ? 'tables empty' : `left: ${left}`}${wrong.length === 0 ? '' : `; ${countEach(wrong).join(', ')}`}`,
      holds: isSteady && left === '' && wrong.length === 0 && victim.end() === undefined,
    }
  },
}

interface Timed extends Reading {
  /** When, by `performance.now()`: on a busy machine, a reading takes its time. */
  readonly atMs: number
}

async function sample(victim: Victim, readings: Timed[], goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    const reading = await victim.read()
    if (reading === undefined) return
    readings.push({ ...reading, atMs: performance.now() })
    await sleep(READ_EVERY_MS)
  }
}

/** One validator's. @returns `ok`, or what went otherwise than it should */
async function visit(victim: Victim, port: number, n: number, random: Random): Promise<string> {
  const seed = Buffer.alloc(32, 0x77)
  seed.writeUInt32BE(n % VALIDATORS)
  const signer = seedSigner(seed)
  const validator = new Validator({ signer, logger: silentLogger, timeoutMs: 20_000 })
  try {
    const connection = await validator.connect({ ...victim.axon, port })
    const what = random.int(20)
    if (what === 0) await breakOff(connection)
    else if (what <= 2) await cancel(connection, random)
    else await exchange(connection, random)
    return 'ok'
  } catch (error) {
    return LevinError.from(error).code
  } finally {
    validator.close()
  }
}

async function exchange(connection: MinerConnection, random: Random): Promise<void> {
  const size = random.pick([10, 1_000, 1_000, 50_000, 500_000])
  const payload = Buffer.alloc(size, 0x5a)
  const { data } = await connection.query(echo, { payload })
  if ((data.payload as Uint8Array).length !== size) throw new Error('the answer is not the request')
}

async function cancel(connection: MinerConnection, random: Random): Promise<void> {
  const controller = new AbortController()
  const asking = connection.query(slow, {}, { signal: controller.signal })
  setTimeout(() => controller.abort(), random.int(50))
  const code = await asking.then(
    () => 'ok',
    (error: unknown) => LevinError.from(error).code,
  )
  if (code !== 'ABORTED') throw new Error(`a cancelled query ended with ${code}`)
}

/** In the middle of a stream: it and then the connection are given up. */
async function breakOff(connection: MinerConnection): Promise<void> {
  for await (const _ of connection.stream(count, { n: 100, size: 20_000 })) break
}

/** What a miner's tables still have, when it should be nothing; '' when it is. */
async function emptied(victim: Victim): Promise<string> {
  const until = performance.now() + GONE_MS
  for (;;) {
    const stats = (await victim.read())?.stats
    if (stats === undefined) return 'no miner'
    const { halfOpen, strangers, validators } = stats.connections
    const running = Object.values(stats.calls).reduce((sum, { running }) => sum + running, 0)
    const tables = { halfOpen, strangers, validators, connections: stats.network?.connections ?? 0, running }
    const left = Object.entries(tables).filter(([, size]) => size > 0)
    if (left.length === 0) return ''
    if (performance.now() > until) return left.map(([name, size]) => `${size} ${name}`).join(', ')
    await sleep(200)
  }
}

/** The least in each stretch of so many milliseconds. The last one, which is not whole, does not count. */
function quietest(readings: readonly Timed[], widthMs: number, of: (reading: Reading) => number): number[] {
  const stretches: number[][] = []
  for (const reading of readings) {
    const stretch = Math.floor((reading.atMs - readings[0]!.atMs) / widthMs)
    stretches[stretch] ??= []
    stretches[stretch].push(of(reading))
  }
  return stretches.slice(0, -1).flatMap((values) => (values.length === 0 ? [] : [Math.min(...values)]))
}

/** Of a straight line through them, a step. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let [above, below] = [0, 0]
  for (const [i, value] of values.entries()) {
    above += (i - middle) * (value - mean)
    below += (i - middle) ** 2
  }
  return below === 0 ? 0 : above / below
}
