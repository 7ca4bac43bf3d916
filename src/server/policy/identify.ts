import type { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import type { MetagraphSource, Neuron } from '../../metagraph/source.js'
import type { Next } from './middleware.js'
import type { Plugin } from './plugin.js'

/** What {@link identify} adds to a call. */
export interface Identified {
  /** Who asks, as the subnet knows it; undefined for a hotkey that is not registered, or while nothing is known yet. */
  readonly neuron: Neuron | undefined
}

/** Whose calls came. */
export interface IdentifyStats {
  /** Calls of registered hotkeys, and of others. */
  readonly known: number
  readonly unknown: number
}

/** `set` takes another source from now on, once that has started. @throws what its start throws: the old one stays */
export interface Identify extends Plugin<[source: MetagraphSource], IdentifyStats, Identified> {
  set(source: MetagraphSource): Promise<void>
}

/**
 * Adds the caller's neuron to the call: its uid, stake and validator permit, for the middleware after it and for the
 * handlers. A lookup in what the source knows; nobody waits for the chain. Refuses nobody: that is `blacklist`'s part,
 * or `access`'s.
 * @param source started with the miner (what that throws stops `listen`) and stopped with it
 * @example
 * miner.use(identify(source)).use(priority((call: Call & Identified) => call.neuron?.stake ?? 0))
 * @throws LevinError CONFIG for what is no source
 */
export function identify(source: MetagraphSource): Identify {
  let current = check(source)
  let running = false
  let known = 0
  let unknown = 0
  return Object.assign(
    function identify(call: Call, next: Next<Identified>): Promise<object> {
      const neuron = current.neuron(call.caller)
      if (neuron === undefined) unknown++
      else known++
      return next({ neuron })
    },
    {
      async onStart(): Promise<void> {
        for (let source = current; ; source = current) {
          await source.start()
          if (source === current) break
          await source.stop() // another one was set meanwhile
        }
        running = true
      },
      async onStop(): Promise<void> {
        running = false
        await current.stop()
      },
      async set(source: MetagraphSource): Promise<void> {
        check(source)
        const begun = running
        if (begun) await source.start()
        const old = current
        current = source
        if (begun) await (running ? old : source).stop() // the miner may have stopped meanwhile, and the old one with it
      },
      stats: (): IdentifyStats => ({ known, unknown }),
    },
  )
}

function check(source: MetagraphSource): MetagraphSource {
  if (typeof source?.neuron === 'function') return source
  throw new LevinError('CONFIG', 'identify takes a metagraph source, which says who a hotkey is')
}
