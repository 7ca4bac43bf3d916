/** One attack on a miner, beside an honest validator of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MinerStats } from 'levin'
import { countEach } from '../faults/report.js'
import { Honest, type Pace, type Service, STEADY } from './honest.js'
import type { Attacker, Means, Sent } from './means.js'
import type { Reading, Victim } from './victim.js'

export const MIB = 1024 * 1024
/** How long is looked before. */
const BEFORE_MS = 3_000
const BEFORE_SHORT_MS = 1_000
/** And how long is waited for what comes before that. */
const SETTLE_MS = 5_000
const SETTLE_SHORT_MS = 500
const EVERY_MS = 1_000

export interface Attacked {
  readonly sent: Sent
  readonly before: Service
  readonly during: Service
  /** Bytes of the miner, collected: before, and the most during the attack. */
  readonly memory: readonly [number, number]
  /** What the miner's loop stood still for at most, in milliseconds, before and during. */
  readonly longestMs: readonly [number, number]
  /** What was counted during the attack, and what there was at its end. */
  readonly network: NonNullable<MinerStats['network']>
  /** What the miner said at the end of it. */
  readonly last: MinerStats
  /** Of what was sent meanwhile, those to the honest validator. */
  readonly honestBytes: number
  /** How the miner ended, or `hangs`; undefined when it is well. */
  readonly down: string | undefined
}

export interface AttackOptions {
  readonly minerArgs?: readonly string[]
  readonly pace?: Pace
}

/**
 * Looks at a miner for a while, lets it be attacked, and looks again while the attackers are still there.
 * @param attack resolves when it has sent all
 */
export async function underAttack(
  means: Means,
  attack: (victim: Victim) => Promise<Attacker | readonly Attacker[]>,
  { minerArgs = [], pace = STEADY }: AttackOptions = {},
): Promise<Attacked> {
  const victim = await means.miner(...minerArgs)
  const honest = new Honest(victim.axon)
  await honest.start(pace)
  await sleep(means.size(SETTLE_MS, SETTLE_SHORT_MS)) // what is compiled and allocated once
  const readings = new Readings(victim)
  await readings.next()
  const startNetwork = readings.last!.stats.network!
  honest.mark()
  readings.begin()
  await sleep(means.size(BEFORE_MS, BEFORE_SHORT_MS))
  const first = await readings.end()
  const before = honest.service
  if (first.last === undefined) throw new Error(`the miner ${victim.end() ?? 'hangs'} before the attack`)
  const beforeNetwork = first.last.stats.network!
  const honestShare = (beforeNetwork.bytesOut - startNetwork.bytesOut) / Math.max(1, before.answered)
  honest.mark()

  readings.begin()
  const attackers = [await attack(victim)].flat()
  const second = await readings.end()
  const during = honest.service
  const down = victim.end() ?? (second.last === undefined ? 'hangs' : undefined)
  if (down === 'hangs') victim.kill()
  await honest.stop()
  for (const { pid, end } of attackers) if (end() === undefined) process.kill(pid)
  const last = second.last?.stats ?? first.last.stats
  return {
    sent: attackers.map(({ sent }) => sent).reduce(sumOf),
    before,
    during,
    memory: [first.mostBytes, second.mostBytes],
    longestMs: [first.longestMs, second.longestMs],
    network: difference(last.network!, beforeNetwork),
    last,
    honestBytes: during.answered * honestShare,
    down,
  }
}

/** The miner's readings of a while, one a second. */
class Readings {
  readonly #victim: Victim
  last: Reading | undefined
  #mostBytes = 0
  #longestMs = 0
  #over = new AbortController()
  #loop = Promise.resolve()

  constructor(victim: Victim) {
    this.#victim = victim
  }

  async next(): Promise<void> {
    this.last = await this.#victim.read()
    if (this.last === undefined) return
    this.#mostBytes = Math.max(this.#mostBytes, this.last.rss)
    this.#longestMs = Math.max(this.#longestMs, this.last.longestMs)
  }

  begin(): void {
    this.#mostBytes = this.#longestMs = 0
    this.#over = new AbortController()
    this.#loop = this.#run(this.#over.signal)
  }

  async #run(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await sleep(EVERY_MS, undefined, { signal: over }).catch(() => {})
      await this.next()
      if (this.last === undefined) return
    }
  }

  /** With one more reading. */
  async end() {
    this.#over.abort()
    await this.#loop
    return { last: this.last, mostBytes: this.#mostBytes, longestMs: this.#longestMs }
  }
}

function sumOf(a: Sent, b: Sent): Sent {
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    received: a.received + b.received,
    connections: a.connections + b.connections,
    closed: a.closed + b.closed,
    asked: (a.asked ?? 0) + (b.asked ?? 0),
    notes: [...(a.notes ?? []), ...(b.notes ?? [])],
  }
}

type Network = NonNullable<MinerStats['network']>

function difference(late: Network, early: Network): Network {
  const dropped = Object.fromEntries(
    Object.entries(late.dropped).map(([reason, count]) => [
      reason,
      count - early.dropped[reason as keyof Network['dropped']],
    ]),
  ) as unknown as Network['dropped']
  return {
    ...late,
    datagramsIn: late.datagramsIn - early.datagramsIn,
    datagramsOut: late.datagramsOut - early.datagramsOut,
    bytesIn: late.bytesIn - early.bytesIn,
    bytesOut: late.bytesOut - early.bytesOut,
    dropped,
    retriesSent: late.retriesSent - early.retriesSent,
    resetsSent: late.resetsSent - early.resetsSent,
  }
}

/** In words: what the honest validator lost, when it lost something. */
export const lossesOf = ({ failures }: Service): string =>
  failures.length === 0 ? '' : `; the honest validator lost ${countEach(failures).join(', ')}`

/** Whether the miner is up, and everything honest was answered. */
export const isServed = ({ down, during }: Attacked): boolean =>
  down === undefined && during.failures.length === 0 && during.answered > 0

/** What a process takes in its first seconds, whatever is done to it: a short run sees it as part of the attack. */
const SETTLING_MIB = 16

export const isWithin = ({ isShort }: Means, grown: number, mostMib: number): boolean =>
  grown <= mostMib + (isShort ? SETTLING_MIB : 0)

/** Below this, p99 says more of the machine than of the miner. */
const NOISE_MS = 10

/** Whether the honest validator's p99 at most doubled. */
export const isQuick = ({ before, during }: Attacked): boolean =>
  during.p99Ms <= Math.max(NOISE_MS, 2 * before.p99Ms)

export const grownMib = ({ memory: [before, most] }: Attacked): number => (most - before) / MIB

/** What every table row of an attack has. */
export const figuresOf = ({ sent, memory, before, during }: Attacked) => ({
  packets: sent.packets,
  bytes: sent.bytes,
  memory,
  p99Ms: [before.p99Ms, during.p99Ms] as const,
})
