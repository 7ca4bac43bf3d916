/** Lists of neurons from outside, checked before anything believes them. */
import { isIP } from 'node:net'
import { inspect, isDeepStrictEqual } from 'node:util'
import { parseHotkey } from '../auth/ss58.js'
import { LevinError } from '../errors.js'
import type { Neuron, PublishedAxon } from './source.js'

/** Neurons by their hotkey. */
export type Neurons = ReadonlyMap<string, Neuron>

/** A uid is a u16 on the chain. */
const MAX_UID = 65_535
/** More than there can ever be of TAO and of alpha together: who has this much gave RAO, and would pass every minStake. */
const MAX_STAKE = 100_000_000

type Check = readonly [isRight: (value: unknown) => boolean, rule: string]

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isUnsigned = (most: number) => (value: unknown) =>
  isNumber(value) && Number.isInteger(value) && value >= 0 && value <= most
const isBigint = (value: unknown) => typeof value === 'bigint' && value >= 0n

const BLOCK: Check = [isUnsigned(2 ** 64), 'it is the number of a block']
const STAKE: Check = [
  (value) => isNumber(value) && value >= 0 && value <= MAX_STAKE,
  `it is a number of TAO from 0 to ${MAX_STAKE}`,
]
const RAO: Check = [isBigint, 'it is a bigint of RAO, 0n or more']

/** What a neuron need not have. A file can have all but RAO, since JSON knows no bigint. */
const OPTIONAL: Readonly<Record<Exclude<OptionalKeys<Neuron>, 'axon'>, Check>> = {
  alphaStake: STAKE,
  taoStake: STAKE,
  stakeRao: RAO,
  alphaStakeRao: RAO,
  taoStakeRao: RAO,
  coldkey: [
    (value) => typeof value === 'string' && parseHotkey(value) !== undefined,
    'it is an SS58 address',
  ],
  active: [(value) => typeof value === 'boolean', 'it is true or false'],
  lastUpdate: BLOCK,
  registeredAt: BLOCK,
}

const AXON: Readonly<Record<keyof PublishedAxon, Check>> = {
  host: [(value) => typeof value === 'string' && isIP(value) !== 0, 'it is an IP address'],
  port: [isUnsigned(65_535), 'it is an integer from 0 to 65535'],
  protocol: [isUnsigned(255), 'it is an integer from 0 to 255'],
  version: [isUnsigned(2 ** 32 - 1), 'it is an integer from 0 to 4294967295'],
  block: BLOCK,
}
const AXON_NEEDS: readonly string[] = ['host', 'port', 'protocol']

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]
type Fail = (field: string, value: unknown, rule: string) => never

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
    const fields = fieldsOf(entry, at)
    const { hotkey, uid, stake, validatorPermit } = fields
    const fail: Fail = (field, value, rule) => {
      throw new LevinError('CONFIG', `${at}: ${field} is ${inspect(value)}; ${rule}`)
    }
    if (typeof hotkey !== 'string' || !(known.has(hotkey) || parseHotkey(hotkey))) {
      return fail('hotkey', hotkey, 'it is an SS58 address (it starts with 5)')
    }
    if (neurons.has(hotkey)) return fail('hotkey', hotkey, 'it was named before')
    if (!isNumber(uid) || !isUnsigned(MAX_UID)(uid)) {
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
    neurons.set(hotkey, { hotkey, uid, stake, validatorPermit, ...optionalOf(fields, fail) })
  }
  return neurons
}

function optionalOf(fields: Fields, fail: Fail): Partial<Neuron> {
  const optional = checked(fields, OPTIONAL, '', fail)
  const { axon } = fields
  if (axon === undefined) return optional
  if (typeof axon !== 'object' || axon === null) {
    return fail('axon', axon, 'it is { host, port, protocol }')
  }
  return { ...optional, axon: checked(axon, AXON, 'axon.', fail, AXON_NEEDS) as unknown as PublishedAxon }
}

/** Those fields of the table that are there. */
function checked(
  fields: object,
  table: Readonly<Record<string, Check>>,
  prefix: string,
  fail: Fail,
  needed: readonly string[] = [],
): Partial<Neuron> {
  const known: Record<string, unknown> = {}
  for (const [name, [isRight, rule]] of Object.entries(table)) {
    const value = (fields as Record<string, unknown>)[name]
    if (value === undefined && !needed.includes(name)) continue
    if (!isRight(value)) return fail(prefix + name, value, rule)
    known[name] = value
  }
  return known
}

type Fields = { readonly [K in keyof Neuron]?: unknown }

function fieldsOf(entry: unknown, at: string): Fields {
  if (typeof entry === 'object' && entry !== null) return entry
  throw new LevinError('CONFIG', `${at} is ${inspect(entry)}; it is { hotkey, uid, stake, validatorPermit }`)
}

/** Whether both know the same neurons, and the same of each. */
export function areSame(one: Neurons, other: Neurons): boolean {
  if (one.size !== other.size) return false
  for (const neuron of one.values()) {
    if (!isDeepStrictEqual(neuron, other.get(neuron.hotkey))) return false
  }
  return true
}
