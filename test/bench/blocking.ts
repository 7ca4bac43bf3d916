/**
 * How long a validated DTO with 1 MiB of binary keeps a miner's loop: once as class-validator alone binds it, once
 * through class-transformer. The miner is this process, the client one of its own. Prints one JSON line.
 */
import 'reflect-metadata'
import { createHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type DtoClass, Miner, open, seedSigner, silentLogger, synapse } from 'levin'
import { numberOption } from './arguments.js'
import type { Blocking, Spread } from './overhead.js'
import { script } from './peers.js'
import { runToLine } from './processes.js'
import { TransformedQuery, TypedQuery } from './typed-query.js'

const size = numberOption('size', 1024 * 1024)
const seconds = numberOption('seconds', 3)
/** Longer than the first requests of a process, which are compiled while they run. */
const WARM_UP = 20
const RESOLUTION_MS = 1

const results = [await block('plain', TypedQuery), await block('transformed', TransformedQuery)]
console.log(JSON.stringify(results))
process.exit(0)

async function block(dto: Blocking['dto'], type: DtoClass<TypedQuery>): Promise<Blocking> {
  const binding = createHistogram()
  const bindingCpu = createHistogram()
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let asked = 0
  const miner = new Miner({
    signer: seedSigner(new Uint8Array(32).fill(1)),
    access: open(),
    logger: silentLogger,
  })
    .use(function time(_call, next) {
      if (++asked === WARM_UP) loop.enable()
      const cpu = process.cpuUsage()
      const start = performance.now()
      // Binding is synchronous up to the handler: what next() takes to return is what it keeps the loop.
      const answer = next()
      const took = performance.now() - start
      const { user, system } = process.cpuUsage(cpu)
      if (asked > WARM_UP) {
        binding.record(Math.max(1, Math.round(took * 1e6)))
        bindingCpu.record(Math.max(1, (user + system) * 1000))
      }
      return answer
    })
    .synapse(synapse('typed', { request: type, response: type }), (query) => query)
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  const load = ['--port', port, '--size', size, '--inflight', 1, '--seconds', seconds, '--typed'].map(String)
  await runToLine(`the client of the ${dto} DTO`, script('levin-client.js', ...load), 60_000)
  loop.disable()
  await miner.close()
  if (asked <= WARM_UP) throw new Error(`only ${asked} requests in ${seconds} s: give it more --seconds`)
  const spread = (of: typeof binding | typeof loop, lessMs: number): Spread => {
    const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - lessMs)
    return {
      p50Ms: milliseconds(of.percentile(50)),
      p99Ms: milliseconds(of.percentile(99)),
      maxMs: milliseconds(of.max),
    }
  }
  // The monitor records the time between two of its timers, which has their period in it.
  return {
    size,
    dto,
    requests: asked - WARM_UP,
    bind: spread(binding, 0),
    bindCpu: spread(bindingCpu, 0),
    loop: spread(loop, RESOLUTION_MS),
  }
}
