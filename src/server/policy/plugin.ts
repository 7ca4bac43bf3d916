/** What the plugins that come with Levin share: options that are checked, and can be swapped while they run. */
import { LevinError } from '../../errors.js'
import { checkKeys, integer } from '../../options.js'
import type { Middleware, NothingAdded } from './middleware.js'

/** A middleware that was made with options, and counts what it does. */
export interface Plugin<
  Given extends unknown[],
  Stats extends object,
  Adds extends object = NothingAdded,
  Needs extends object = NothingAdded,
> extends Middleware<Adds, Needs> {
  /**
   * Takes what the factory takes and means the same, from now on: what is left out has its default again.
   * @throws LevinError CONFIG for what the factory would not take either; everything stays as it was
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

/** @returns the limit of a synapse, undefined for none. @throws LevinError CONFIG naming what is out of range */
export function perSynapse(
  plugin: string,
  given: PerSynapse,
  least: number,
  most: number,
): (synapse: string) => number | undefined {
  if (typeof given === 'number') {
    const limit = integer(plugin, 'the limit', given, least, most)
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
  return (synapse) => limits.get(synapse) ?? rest
}
