/**
 * The thread beside the loop. It loads next to nothing, and needs nothing of the loop: when that stands still, be it in
 * JavaScript or in a native call, it says so and ends the process, so that whoever supervises it starts it again.
 */
import { write } from 'node:fs'
import { hostname } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import { BEAT_MS, HangJudge } from './hang-judge.js'
import { Cell, type Told, type Watched } from './shared.js'

/** Pino's number for `fatal`: the line looks as those of the default logger do. */
const FATAL = 60
/** For the words to be written. Who reads them may be what everything waits for. */
const WORDS_MS = 200
/** For SIGKILL to do its work. */
const KILL_MS = 100

const { cells, hangMs, names, supervisorFd }: Watched = workerData
const known = [...names]
let running: readonly string[] = []

parentPort?.on('message', (told: Told) => {
  if ('name' in told) known.push(told.name)
  else running = told.running
})

const judge = new HangJudge(hangMs)

function look(): void {
  const isDebugged = Atomics.load(cells, Cell.isDebugged) === 1
  const stillMs = judge.look(Atomics.load(cells, Cell.beats), systemClock.monotonicMs(), isDebugged)
  if (stillMs === undefined) systemClock.after(BEAT_MS, look)
  else tell(stillMs)
}

function tell(stillMs: number): void {
  const handler = known[Atomics.load(cells, Cell.doing)] || undefined
  const line = {
    level: FATAL,
    time: systemClock.unixMs(),
    pid: process.pid,
    hostname: hostname(),
    name: 'levin',
    stillMs,
    handler,
    running,
    msg: 'the event loop hangs: the process is ended, to be started again',
  }
  const where = handler === undefined ? '' : `, in the handler of '${handler}'`
  systemClock.after(WORDS_MS, end)
  // Not writeSync, which would wait for a reader that does not read.
  write(2, `${JSON.stringify(line)}\n`, () => {
    if (supervisorFd === undefined) end()
    else write(supervisorFd, `the event loop stood still for ${stillMs} ms${where}`, end)
  })
}

function end(): void {
  process.kill(process.pid, 'SIGKILL')
  // Still here: this is the first process of a container, to which the kernel lets no signal from within. A fault of its
  // own ends it all the same.
  systemClock.after(KILL_MS, () => {
    setFlagsFromString('--allow-natives-syntax')
    new Function('%SystemBreak()')()
  })
}

look()
