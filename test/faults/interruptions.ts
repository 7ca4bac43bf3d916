/** T15 and T20: a miner that dies and comes back, and a way to it that changes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, type Miner, startMiner } from '../bench/processes.js'
import { buildRustPeer, missingTools } from '../interop/peers/build.js'
import { Load } from './load.js'
import { axonAt, type Means, VALIDATORS } from './means.js'
import type { Row } from './report.js'

const TIMES = 20
/** Of each validator: 200 a second together. */
const EVERY_MS = 40
const TIMEOUT_MS = 5_000
const LIMIT_MS = 30_000
const MOVE_EVERY_MS = 5_000

export async function* interruptionsOf(means: Means, isWanted: (id: string) => boolean): AsyncGenerator<Row> {
  const { isShort, network, program } = means
  const folder = mkdtempSync(join(tmpdir(), 'levin-faults-'))
  const journal = join(folder, 'journal')
  const levin = (port: number): Command =>
    program('journal-miner.js', '--journal', journal, '--port', String(port))
  try {
    const times = isShort ? 3 : TIMES
    // other work may hold up any of the processes for as long as these
    const bar = (ms: number): number => (isShort ? LIMIT_MS : ms)
    if (isWanted('T15')) {
      const killed = await kills(levin, times)
      const ran = readJournal(journal)
      yield {
        id: 'T15',
        what: `a Levin miner is killed (-9) and started again, ${times} times, under 200 requests a second of ${VALIDATORS} validators`,
        asked:
          'noticed within 200 ms, answering within 2 s of the start; nothing runs twice, nothing answered did not run',
        measured: `${killed.text}; ${ran.describe(killed.load)}`,
        holds: killed.noticedMs <= bar(200) && killed.backMs <= bar(2_000) && ran.isExact(killed.load),
      }
      yield* rustKills(times)
    }
    if (isWanted('T20')) {
      const miner = await startMiner('the miner', levin(0))
      yield await moves(miner, network, journal, isShort ? 2 : 6, bar(1_000))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function* rustKills(times: number): AsyncGenerator<Row> {
  const missing = missingTools('rust')
  if (missing.length > 0) {
    if (process.env.CI !== undefined) throw new Error(`the rust peer needs ${missing.join(', ')}`)
    console.log(`left out: the rust peer, since this machine has no ${missing.join(', ')}`)
    return
  }
  const file = await buildRustPeer()
  const admitted = Array.from({ length: VALIDATORS }, (_, i) => `0${2 + i}`).join(',')
  const rust = (port: number): Command => ({
    file,
    args: ['miner', '--admit', admitted, '--port', String(port)],
  })
  const { text, backMs } = await kills(rust, times)
  yield {
    id: 'T15',
    what: `the same with a rust miner`,
    asked: 'what the protocol allows: it forgets its connections, and says so to nobody',
    measured: text,
    holds: backMs < LIMIT_MS,
  }
}

interface Killed {
  readonly load: Load
  /** Milliseconds from the kill until the last validator knew, and from the start until the last one was answered: the worst of all times. */
  readonly noticedMs: number
  readonly backMs: number
  readonly text: string
}

async function kills(command: (port: number) => Command, times: number): Promise<Killed> {
  let miner = await startMiner('the miner', command(0))
  const load = new Load(axonAt(miner.port), VALIDATORS, EVERY_MS, TIMEOUT_MS)
  await load.each(load.answers, performance.now(), LIMIT_MS)
  const noticed: number[] = []
  const back: number[] = []
  for (let time = 0; time < times; time++) {
    await sleep(200)
    const killedAt = performance.now()
    await kill(miner)
    noticed.push(await load.each(load.losses, killedAt, LIMIT_MS))
    miner = await startMiner('the miner', command(miner.port))
    back.push(await load.each(load.answers, performance.now(), LIMIT_MS))
  }
  await load.stop()
  await kill(miner)
  const [noticedMs, backMs] = [Math.max(...noticed), Math.max(...back)]
  return {
    load,
    noticedMs,
    backMs,
    text: `noticed by the last validator within ${noticedMs.toFixed(0)} ms, answering to the last one ${(backMs / 1000).toFixed(1)} s after the start at most`,
  }
}

async function kill(miner: Miner): Promise<void> {
  process.kill(miner.pid, 'SIGKILL')
  while (miner.end() === undefined) await sleep(1)
}

async function moves(
  miner: Miner,
  network: Means['network'],
  journal: string,
  times: number,
  withinMs: number,
): Promise<Row> {
  const way = await network(miner.port, {})
  const load = new Load(axonAt(way.port), VALIDATORS, EVERY_MS, TIMEOUT_MS)
  await load.each(load.answers, performance.now(), LIMIT_MS)
  const back: number[] = []
  for (let time = 0; time < times; time++) {
    const movedAt = performance.now()
    process.kill(way.pid, 'SIGUSR2')
    back.push(await load.each(load.connections, movedAt, LIMIT_MS))
    await sleep(movedAt + MOVE_EVERY_MS - performance.now())
  }
  await load.stop()
  const ran = readJournal(journal)
  const longest = Math.max(...back)
  return {
    id: 'T20',
    what: `the port that ${VALIDATORS} validators come from changes every 5 s, ${times} times, under 200 requests a second`,
    asked: 'reconnected within 1 s; nothing runs twice',
    measured: `each reconnected within ${longest.toFixed(0)} ms; ${ran.describe(load)}`,
    holds: longest <= withinMs && ran.isExact(load),
  }
}

/** What ran, and how often. */
function readJournal(path: string) {
  const times = new Map<number, number>()
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n'))
    times.set(Number(line), (times.get(Number(line)) ?? 0) + 1)
  rmSync(path)
  const twice = [...times.values()].filter((n) => n > 1).length
  const unknown = (load: Load) => load.acknowledged.filter((n) => !times.has(n)).length
  return {
    isExact: (load: Load) => twice === 0 && unknown(load) === 0 && isWhole(load),
    describe: (load: Load) =>
      `${load.asked} asked, ${load.acknowledged.length} answered, ${load.failures.length} reported as failed, ${twice} ran twice`,
  }
}

const isWhole = ({ asked, acknowledged, failures }: Load): boolean =>
  asked === acknowledged.length + failures.length
