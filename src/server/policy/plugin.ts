/** What the plugins that come with Levin share: options that are checked, and can be swapped while they run. */
import { LevinError } from '../../errors.js'
import { checkKeys, integer } from '../../options.js'
import type { Middleware, NothingAdded, RunningMiner } from './middleware.js'

/** A middleware that was made with options, and counts what it does. */
export interface Plugin<
  Given extends unknown[],
  Stats extends object,
  Adds extends object = NothingAdded,
  Needs extends object = NothingAdded,
> extends Middleware<Adds, Needs> {
  /**
   * Takes what the factory takes and means the same, from now on: what is left out has its default again.
   * @throws LevinError CONFIG for what the factory would not take either, or a synapse that the running miner does not
   *   answer; everything stays as it was
   */
  set(...given: Given): void
  /** Counted since it was made. */
  stats(): Stats
}

/** One number for every synapse, or one for each that is named; those that are not have `default`, or no limit. */
export type PerSynapse =
  | number
  | { readonly default?: number; readonly synapses?: Readonly<Record<string, number>> }

/** @throws LevinError CONFIG for what is not a function */
export function checkFunction(plugin: string, option: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw new LevinError('CONFIG', `${plugin}: ${option} is a function (call) => ...`)
}

/**
 * @param named by the options of `plugin`
 * @throws LevinError CONFIG for the first that the miner does not answer
 */
export function checkSynapses(plugin: string, named: Iterable<string>, answered: readonly string[]): void {
  for (const name of named) {
    if (answered.includes(name)) continue
    throw new LevinError(
      'CONFIG',
      `${plugin} names the synapse '${name}', which this miner does not answer; it answers ${answered.join(', ')}`,
    )
  }
}

/** The synapses that a plugin's options name: the miner looks at them when it starts, `set` while it runs. */
export class SynapseNames {
  #names: readonly string[] = []
  readonly #running = new Set<RunningMiner>()

  constructor(readonly plugin: string) {}

  /** For the plugin's function. */
  readonly hooks: Required<Pick<Middleware, 'synapses' | 'onStart' | 'onStop'>> = {
    synapses: () => this.#names,
    onStart: (miner) => void this.#running.add(miner),
    onStop: (miner) => void this.#running.delete(miner),
  }

  /** @throws LevinError CONFIG for one that a running miner with this plugin does not answer; everything stays as it was */
  set(names: Iterable<string>): void {
    const given = [...names]
    for (const { synapses } of this.#running) checkSynapses(this.plugin, given, synapses)
    this.#names = given
  }
}

/** @returns the limit of a synapse, undefined for none. @throws LevinError CONFIG naming what is wrong */
export function perSynapse(
  names: SynapseNames,
  given: PerSynapse,
  least: number,
  most: number,
): (synapse: string) => number | undefined {
  const { plugin } = names
  if (typeof given === 'number') {
    const limit = integer(plugin, 'the limit', given, least, most)
    names.set([])
    return () => limit
  }
  checkKeys(plugin, given, ['default', 'synapses'])
  const { default: rest, synapses = {} } = given
  if (rest !== undefined) integer(plugin, 'default', rest, least, most)
  const limits = new Map(
    Object.entries(synapses).map(([name, limit]) => [
      name,
      integer(plugin, `synapses['${name}']`, limit, least, most),
    ]),
  )
  names.set(limits.keys())
  return (synapse) => limits.get(synapse) ?? rest
}
