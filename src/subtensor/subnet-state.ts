/** Pure. What `SubnetInfoRuntimeApi_get_subnet_state` answers: the same layout at spec 293, 365 and 461. */
import { LevinError } from '../errors.js'
import { ScaleReader } from './scale.js'

/** The fields that are used, of those that there are; each list in the order of uids. */
export interface SubnetState {
  readonly netuid: number
  /** Public keys, 32 bytes each. */
  readonly hotkeys: readonly Buffer[]
  /** Block in which each was registered. */
  readonly registeredAt: readonly bigint[]
  /** RAO of alpha: after child keys. */
  readonly alphaStake: readonly bigint[]
  /** RAO of TAO on root: after child keys. */
  readonly taoStake: readonly bigint[]
  /** RAO: alpha, and TAO times TaoWeight. What validators weigh. */
  readonly totalStake: readonly bigint[]
}

const KEY_BYTES = 32

/**
 * @returns undefined for a subnet that does not exist
 * @throws LevinError PROTOCOL for bytes that break off, are left over, or do not mean this
 */
export function decodeSubnetState(bytes: Uint8Array): SubnetState | undefined {
  const reader = new ScaleReader(bytes)
  const state = reader.bool() ? someState(reader) : undefined
  reader.end()
  return state
}

function someState(reader: ScaleReader): SubnetState {
  const numbers = () => reader.list(1, () => reader.compactU64())
  const skipBools = () => reader.skipList(1, () => reader.bool())
  const skipShares = () => reader.skipList(1, () => reader.compactU16())
  const skipNumbers = () => reader.skipList(1, () => reader.compactU64())
  const netuid = reader.compactU16()
  const hotkeys = reader.list(KEY_BYTES, () => reader.account())
  reader.skipList(KEY_BYTES, () => reader.account()) // coldkeys
  skipBools() // active
  skipBools() // validator permits
  skipShares() // pruning scores
  skipNumbers() // last updates
  skipNumbers() // emissions
  for (let i = 0; i < 5; i++) skipShares() // dividends, incentives, consensus, trust, ranks
  const registeredAt = numbers()
  const alphaStake = numbers()
  const taoStake = numbers()
  const totalStake = numbers()
  reader.skipList(1, skipNumbers) // emission history
  for (const list of [registeredAt, alphaStake, taoStake, totalStake]) {
    if (list.length === hotkeys.length) continue
    throw new LevinError('PROTOCOL', `a list of ${list.length} stands beside ${hotkeys.length} hotkeys`)
  }
  return { netuid, hotkeys, registeredAt, alphaStake, taoStake, totalStake }
}
