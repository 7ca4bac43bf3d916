import { inspect } from 'node:util'
import { LevinError } from '../errors.js'
import { type InMemoryMetagraph, inMemoryMetagraph } from '../metagraph/in-memory.js'
import type { Neuron } from '../metagraph/source.js'
import { hotkeyOf, type Who } from './keys.js'

/** What a test says of a neuron; the rest has defaults. */
export type NeuronFields = Partial<Omit<Neuron, 'hotkey'>>

/** A metagraph that a test changes, while miners and validators go by it. */
export interface TestMetagraph extends InMemoryMetagraph {
  /**
   * Registers a hotkey, or changes what is said of it. A new one has the lowest free uid, no stake and no permit.
   * @throws LevinError CONFIG for what is no neuron: the metagraph stays as it was
   *
   * @example metagraph.put('alice', { stake: 2000, validatorPermit: true })
   */
  put(who: Who, fields?: NeuronFields): void
  /** It is no longer registered. */
  remove(who: Who): void
  /**
   * How old the metagraph is from now on, as when its source fails: 0 when nothing is said, `undefined` when nothing is
   * known yet. It does not grow older with the clock.
   * @param ms milliseconds
   */
  age(ms: number | undefined): void
}

/** @throws LevinError CONFIG for what is no neuron */
export function testMetagraph(neurons: Iterable<Neuron> = []): TestMetagraph {
  const metagraph = inMemoryMetagraph(neurons)
  let ageMs: number | undefined = 0
  const others = (hotkey: string) => [...metagraph.neurons()].filter((neuron) => neuron.hotkey !== hotkey)
  const freeUid = (taken: readonly Neuron[]) => {
    const uids = new Set(taken.map(({ uid }) => uid))
    let uid = 0
    while (uids.has(uid)) uid++
    return uid
  }
  return {
    ...metagraph,
    ageMs: () => ageMs,
    put(who, fields = {}) {
      const hotkey = hotkeyOf(who)
      const rest = others(hotkey)
      const before = metagraph.neuron(hotkey) ?? { uid: freeUid(rest), stake: 0, validatorPermit: false }
      metagraph.set([...rest, { ...before, ...fields, hotkey }])
    },
    remove(who) {
      metagraph.set(others(hotkeyOf(who)))
    },
    age(ms) {
      if (ms !== undefined && !(ms >= 0)) {
        throw new LevinError('CONFIG', `metagraph.age: ${inspect(ms)} is no number of milliseconds`)
      }
      ageMs = ms
    },
  }
}
