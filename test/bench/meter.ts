/** Watches from outside what a process uses and what the loopback carries. Linux only: elsewhere nothing is known. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** Microseconds of CPU a second. */
  readonly cpuUsPerSecond: number
  /** Bytes a second on the loopback, both directions, headers included. */
  readonly wireBytesPerSecond: number
}

interface Sample {
  /** `performance.now()` */
  readonly at: number
  /** Nanoseconds on a CPU since it started, by thread. */
  readonly threads: ReadonlyMap<string, number>
  readonly wireBytes: number
}

/** Coarse: to read the counters of a dozen threads must not become load itself. */
const PERIOD_MS = 100

export class Meter {
  readonly #pid: number
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#pid = pid
    this.#sample()
    this.#timer = setInterval(() => this.#sample(), PERIOD_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    try {
      this.#samples.push({
        at: performance.now(),
        threads: threadTimes(this.#pid),
        wireBytes: loopbackBytes(),
      })
    } catch {
      // no /proc here, or the process is gone: then `between` knows nothing
    }
  }

  /** What was used between two times of `performance.now()`, at the samples inside. */
  between(from: number, to: number): Usage | undefined {
    const inside = this.#samples.filter(({ at }) => at >= from && at <= to)
    const [first, last] = [inside[0], inside.at(-1)]
    if (first === undefined || last === undefined || last.at - first.at < (to - from) / 2) return undefined
    const seconds = (last.at - first.at) / 1000
    let nanoseconds = 0
    for (const [thread, time] of last.threads) nanoseconds += time - (first.threads.get(thread) ?? 0)
    return {
      cpuUsPerSecond: nanoseconds / 1000 / seconds,
      wireBytesPerSecond: (last.wireBytes - first.wireBytes) / seconds,
    }
  }
}

/** From the scheduler: /proc/PID/stat counts in steps of 10 ms, which is a tenth of what an idle peer uses in a second. */
function threadTimes(pid: number): Map<string, number> {
  const times = new Map<string, number>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')
    times.set(thread, Number(ran))
  }
  return times
}

function loopbackBytes(): number {
  const received = /^ *lo: *(\d+)/m.exec(readFileSync('/proc/net/dev', 'latin1'))?.[1]
  if (received === undefined) throw new Error('there is no loopback')
  return Number(received)
}
