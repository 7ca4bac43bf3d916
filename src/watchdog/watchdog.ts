/**
 * A thread that ends the process when its loop hangs (THREATS M7). There is one for the process, whoever asks for it. What
 * a hang needs to be explained is noted here, thread or no thread.
 */
import { url } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import type { Logger } from '../logger.js'
import { BEAT_MS } from './hang-judge.js'
import { CELLS, Cell, type Told, type Watched } from './shared.js'
import { followSupervisor } from './supervised.js'

/** The thread keeps a few numbers; what it needs at most was measured. */
const LIMITS = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 }

const cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT))
const names: string[] = ['']
let thread: Worker | undefined
let users = 0
let cancelTimer = (): void => {}

/** A number for {@link began}, by which a hang is explained. */
export function activity(name: string): number {
  const known = names.indexOf(name)
  if (known >= 0) return known
  names.push(name)
  tell({ name })
  return names.length - 1
}

/** The loop does this now, until `ended`. Nothing of the sort runs within another. */
export function began(activity: number): void {
  cells[Cell.doing] = activity
}

export function ended(): void {
  cells[Cell.doing] = 0
}

/** What is under way, whether or not the loop is at it. */
export function isRunning(running: readonly string[]): void {
  tell({ running })
}

function tell(told: Told): void {
  thread?.postMessage(told)
}

/**
 * Watches the loop from now on. Several who ask share the thread, and the time of the first of them.
 * @param hangMs milliseconds without a turn after which the process is ended; 0 is none, and watches nothing
 * @returns what ends the watch, when all who asked are through
 */
export function watchLoop(hangMs: number, logger: Logger): () => void {
  const supervisorFd = followSupervisor()
  if (hangMs === 0) return () => {}
  users++
  if (users === 1) start(hangMs, supervisorFd, logger)
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    users--
    if (users === 0) stop()
  }
}

function start(hangMs: number, supervisorFd: number | undefined, logger: Logger): void {
  beat()
  const workerData: Watched = { cells, hangMs, names, supervisorFd }
  thread = new Worker(new URL('./thread.js', import.meta.url), {
    workerData,
    execArgv: [], // what the program has loaded before itself is not for this thread
    resourceLimits: LIMITS,
  })
  thread.on('error', (error) =>
    logger.error('the watchdog failed: a hang is not noticed any more', { error }),
  )
  thread.unref()
}

function stop(): void {
  cancelTimer()
  void thread?.terminate()
  thread = undefined
}

function beat(): void {
  Atomics.add(cells, Cell.beats, 1)
  // A debugger may stop the loop for as long as somebody thinks.
  Atomics.store(cells, Cell.isDebugged, url() === undefined ? 0 : 1)
  cancelTimer = systemClock.after(BEAT_MS, beat)
}
