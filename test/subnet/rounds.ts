/** How long a round over all miners takes, beside the Rust client, which asks the same miners in the same run. */
import { type Command, runToLine } from '../bench/processes.js'
import { median } from '../bench/results.js'
import { buildRustPeer, missingTools } from '../interop/peers/build.js'
import { program, type Subnet } from './subnet.js'

const SIZE = 1024
const LIMIT_MS = 120_000
/** Asked, of the Rust client's. */
const MOST_FIRST = 1.5
const MOST_WARM = 1.1

interface Measured {
  readonly firstMs: number
  readonly roundsMs: readonly number[]
  readonly memoryKib: number
}

export async function timeRounds(
  subnet: Subnet,
  count: number,
  rounds: number,
  times: number,
): Promise<boolean> {
  const { file } = await subnet.start({ first: 0, count })
  const clients: [string, Command][] = [['levin', program('validator.js', file, rounds, SIZE)]]
  const missing = missingTools('rust')
  if (missing.length === 0) {
    const args = ['rounds', '--axons', file, '--rounds', String(rounds), '--size', String(SIZE)]
    clients.unshift(['rust', { file: await buildRustPeer(), args }])
  } else console.log(`not compared: this machine has no ${missing.join(', ')}`)
  const measured = new Map<string, Measured[]>(clients.map(([name]) => [name, []]))
  for (let time = 0; time < times; time++) {
    for (const [name, command] of clients) {
      const { line } = await runToLine(name, command, LIMIT_MS)
      measured.get(name)!.push(JSON.parse(line) as Measured)
    }
  }
  const summaries = new Map([...measured].map(([name, all]) => [name, summary(all)]))
  for (const [name, { first, warm, memory }] of summaries) {
    const [firstText, warmText] = [first.toFixed(0), warm.toFixed(1)]
    console.log(
      `${count} miners, ${rounds} rounds, ${name}: the first ${firstText} ms, a warm one ${warmText} ms, ${memory.toFixed(0)} MiB`,
    )
  }
  const [levin, rust] = [summaries.get('levin')!, summaries.get('rust')]
  if (rust === undefined) return true
  const [first, warm] = [levin.first / rust.first, levin.warm / rust.warm]
  console.log(
    `levin beside rust: the first ${first.toFixed(2)} (asked: at most ${MOST_FIRST}), warm ${warm.toFixed(2)} (asked: at most ${MOST_WARM})`,
  )
  return first <= MOST_FIRST && warm <= MOST_WARM
}

const summary = (all: readonly Measured[]) => ({
  first: median(all.map(({ firstMs }) => firstMs))!,
  warm: median(all.flatMap(({ roundsMs }) => roundsMs))!,
  memory: Math.max(...all.map(({ memoryKib }) => memoryKib)) / 1024,
})
