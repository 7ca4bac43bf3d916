import { LevinError } from '../errors.js'
import { isList } from '../options.js'
import { ChangeListeners } from './change-listeners.js'
import { areSame, checkNeurons } from './neurons.js'
import type { MetagraphSource, Neuron } from './source.js'

const WHERE = 'inMemoryMetagraph'

/** A metagraph that is what you say it is. It never grows old. */
export interface InMemoryMetagraph extends MetagraphSource {
  /**
   * Other neurons from now on, all of them.
   * @throws LevinError CONFIG as `inMemoryMetagraph` does: the neurons from before stay
   */
  set(neurons: Iterable<Neuron>): void
}

/**
 * For tests, and for who knows the neurons from elsewhere. There may be none.
 * @throws LevinError CONFIG for what is no neuron, and for a hotkey or a uid that is there twice
 */
export function inMemoryMetagraph(neurons: Iterable<Neuron>): InMemoryMetagraph {
  let known = checkNeurons(listOf(neurons), WHERE)
  const listeners = new ChangeListeners()
  return {
    neuron: (hotkey) => known.get(hotkey),
    neurons: () => known.values(),
    ageMs: () => 0,
    onChange: (look) => listeners.add(look),
    start: async () => {},
    stop: async () => {},
    set(next) {
      const before = known
      known = checkNeurons(listOf(next), WHERE, before)
      if (!areSame(before, known)) listeners.tell()
    },
  }
}

function listOf(neurons: Iterable<Neuron>): Iterable<Neuron> {
  if (isList(neurons)) return neurons
  throw new LevinError('CONFIG', `${WHERE} takes a list of neurons: write ${WHERE}([neuron, ...])`)
}
