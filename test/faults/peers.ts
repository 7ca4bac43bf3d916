/** T21: peers of other makes in bad weather, both ways. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Command, startMiner } from '../bench/processes.js'
import { buildRustPeer, missingTools, preparePythonPeer } from '../interop/peers/build.js'
import type { Means } from './means.js'
import type { Row } from './report.js'
import { LOSSY_LINE, ROUGH } from './trials.js'
import type { Weather } from './weather.js'

/** What is asked of a miner: values, sizes to 1 MB, streams, 200 at once. */
const CASES = 'value-array,value-nested-map,size-1k,size-64k,size-1m,stream-small-chunks,concurrent-200'
const WEATHERS: readonly (readonly [string, Weather])[] = [
  ["T3's weather", ROUGH],
  ["T2's line", LOSSY_LINE],
]
const PATIENCE_MS = 180_000
/** More than the reference's 30: a stream of 20 MB takes longer in this weather, and is cut off in the middle of a chunk. */
const HANDLER_SECONDS = '120'

export async function* peersOf(means: Means): AsyncGenerator<Row> {
  for (const name of ['rust', 'python'] as const) {
    const missing = missingTools(name)
    if (missing.length > 0) {
      if (process.env.CI !== undefined) throw new Error(`the ${name} peer needs ${missing.join(', ')}`)
      console.log(`left out: the ${name} peer, since this machine has no ${missing.join(', ')}`)
      continue
    }
    const peer = await commandsOf(name)
    const levin = {
      miner: means.program('../interop/levin-miner.js'),
      validator: means.program('../interop/levin-validator.js'),
    }
    for (const [weatherName, weather] of means.isShort ? WEATHERS.slice(0, 1) : WEATHERS) {
      yield trial(
        means,
        `a ${name} validator of a Levin miner, in ${weatherName}`,
        levin.miner,
        peer.validator,
        weather,
      )
      yield trial(
        means,
        `a Levin validator of a ${name} miner, in ${weatherName}`,
        peer.miner,
        levin.validator,
        weather,
      )
    }
  }
}

async function commandsOf(name: 'rust' | 'python'): Promise<{ miner: Command; validator: Command }> {
  const peer =
    name === 'rust'
      ? { file: await buildRustPeer(), args: [] }
      : await preparePythonPeer().then(({ python, script }) => ({ file: python, args: [script] }))
  return {
    miner: {
      ...peer,
      args: [...peer.args, 'miner', '--admit', '02,03', '--handler-timeout', HANDLER_SECONDS],
    },
    validator: { ...peer, args: [...peer.args, 'validator', '--cases', CASES] },
  }
}

async function trial(
  { network }: Means,
  what: string,
  miner: Command,
  validator: Command,
  weather: Weather,
): Promise<Row> {
  const served = await startMiner('the miner', { ...miner, args: [...miner.args, '--port', '0'] })
  const { port } = await network(served.port, weather)
  const { good, bad } = await outcomes({ ...validator, args: [...validator.args, '--port', String(port)] })
  const measured = `${good} of ${good + bad.length}${bad.map((one) => `; ${one}`).join('')}`
  return { id: 'T21', what, asked: '100 %', measured, holds: good > 0 && bad.length === 0 }
}

/** The program prints a line of JSON for each case. */
async function outcomes({ file, args }: Command): Promise<{ good: number; bad: string[] }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  let good = 0
  const bad: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const { case: name, ok, detail } = JSON.parse(line) as { case: string; ok: boolean; detail?: string }
    if (ok) good++
    else bad.push(`${name}: ${detail}`)
  }
  const [code] = (await exited) as [number | null]
  clearTimeout(late)
  if (code !== 0 && bad.length === 0) bad.push(`it ended with ${code ?? 'a signal'}`)
  return { good, bad }
}
