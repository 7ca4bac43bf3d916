/** Lists of neurons from outside, checked before anything believes them. */
import { inspect } from 'node:util'
import { parseHotkey } from '../auth/ss58.js'
import { LevinError } from '../errors.js'
import type { Neuron } from './source.js'

/** Neurons by their hotkey. */
export type Neurons = ReadonlyMap<string, Neuron>

/** A uid is a u16 on the chain. */
const MAX_UID = 65_535
/** More than there can ever be of TAO and of alpha together: who has this much gave RAO, and would pass every minStake. */
const MAX_STAKE = 100_000_000

/**
 * Copies what is a neuron; other fields of an entry are ignored.
 *
 * @param where what it says in an error
 * @param known neurons whose hotkeys were checked before: a checksum takes longer than all the rest
 * @throws LevinError CONFIG naming the entry and what is wrong with it
 */
export function checkNeurons(entries: Iterable<unknown>, where: string, known: Neurons = new Map()): Neurons {
  const neurons = new Map<string, Neuron>()
  const hotkeyOf = new Map<number, string>()
  let index = 0
  for (const entry of entries) {
    const at = `${where}: entry ${index++}`
    const { hotkey, uid, stake, validatorPermit } = fieldsOf(entry, at)
    const fail = (field: string, value: unknown, rule: string): never => {
      throw new LevinError('CONFIG', `${at}: ${field} is ${inspect(value)}; ${rule}`)
    }
    if (typeof hotkey !== 'string' || !(known.has(hotkey) || parseHotkey(hotkey))) {
      return fail('hotkey', hotkey, 'it is an SS58 address (it starts with 5)')
    }
    if (neurons.has(hotkey)) return fail('hotkey', hotkey, 'it was named before')
    if (!isNumber(uid) || !Number.isInteger(uid) || uid < 0 || uid > MAX_UID) {
      return fail('uid', uid, `it is an integer from 0 to ${MAX_UID}`)
    }
    const other = hotkeyOf.get(uid)
    if (other !== undefined) return fail('uid', uid, `it is that of ${other}`)
    if (!isNumber(stake) || !Number.isFinite(stake) || stake < 0) {
      return fail('stake', stake, 'it is a number of TAO, 0 or more')
    }
    if (stake > MAX_STAKE) return fail('stake', stake, 'is it in RAO? divide by 1e9')
    if (typeof validatorPermit !== 'boolean') {
      return fail('validatorPermit', validatorPermit, 'it is true or false')
    }
    hotkeyOf.set(uid, hotkey)
    neurons.set(hotkey, { hotkey, uid, stake, validatorPermit })
  }
  return neurons
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

function fieldsOf(entry: unknown, at: string): { readonly [K in keyof Neuron]?: unknown } {
  if (typeof entry === 'object' && entry !== null) return entry
  throw new LevinError('CONFIG', `${at} is ${inspect(entry)}; it is { hotkey, uid, stake, validatorPermit }`)
}

/** Whether both know the same neurons, and the same of each. */
export function areSame(one: Neurons, other: Neurons): boolean {
  if (one.size !== other.size) return false
  for (const { hotkey, uid, stake, validatorPermit } of one.values()) {
    const twin = other.get(hotkey)
    if (twin?.uid !== uid || twin.stake !== stake || twin.validatorPermit !== validatorPermit) return false
  }
  return true
}
