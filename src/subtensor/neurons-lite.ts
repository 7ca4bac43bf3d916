/** Pure. What `NeuronInfoRuntimeApi_get_neurons_lite` answers: the same layout at spec 293, 365 and 461. */
import { ScaleReader } from './scale.js'

/** An axon as the chain keeps it: all zero for a neuron that never published one. */
export interface AxonInfo {
  /** When it was published. */
  readonly block: bigint
  readonly version: number
  /** IPv4 in the low 32 bits. */
  readonly ip: bigint
  readonly port: number
  /** 4 or 6. */
  readonly ipType: number
  /** 4 is what every HTTP axon writes, and btlightning. */
  readonly protocol: number
}

/** The fields that are used, of those that there are. */
export interface NeuronLite {
  /** Public key, 32 bytes. */
  readonly hotkey: Buffer
  /** Public key, 32 bytes. */
  readonly coldkey: Buffer
  readonly uid: number
  readonly netuid: number
  readonly active: boolean
  readonly axon: AxonInfo
  /** RAO of alpha that is staked on this hotkey here: before child keys, without root. Not what validators weigh. */
  readonly stake: bigint
  readonly emission: bigint
  /** Block in which it last set weights. */
  readonly lastUpdate: bigint
  readonly validatorPermit: boolean
}

/** Block u64, version u32, ip u128, port u16, ip type u8. */
const PROMETHEUS_BYTES = 31
/** Two keys, an axon, Prometheus's address, and a byte for each field that may be compact. */
const LEAST_BYTES = 32 + 32 + 3 + 34 + PROMETHEUS_BYTES + 10
/** A coldkey and a compact amount. */
const STAKE_BYTES = 33

/** @throws LevinError PROTOCOL for bytes that break off, are left over, or do not mean this */
export function decodeNeuronsLite(bytes: Uint8Array): NeuronLite[] {
  const reader = new ScaleReader(bytes)
  const neurons = reader.list(LEAST_BYTES, () => neuron(reader))
  reader.end()
  return neurons
}

function neuron(reader: ScaleReader): NeuronLite {
  const hotkey = reader.account()
  const coldkey = reader.account()
  const uid = reader.compactU16()
  const netuid = reader.compactU16()
  const active = reader.bool()
  const axon = axonInfo(reader)
  reader.skip(PROMETHEUS_BYTES)
  const stake = stakeOfAll(reader)
  reader.compactU16() // rank
  const emission = reader.compactU64()
  for (let i = 0; i < 5; i++) reader.compactU16() // incentive, consensus, trust, validator trust, dividends
  const lastUpdate = reader.compactU64()
  const validatorPermit = reader.bool()
  reader.compactU16() // pruning score
  return { hotkey, coldkey, uid, netuid, active, axon, stake, emission, lastUpdate, validatorPermit }
}

function axonInfo(reader: ScaleReader): AxonInfo {
  const axon = {
    block: reader.u64(),
    version: reader.u32(),
    ip: reader.u128(),
    port: reader.u16(),
    ipType: reader.u8(),
    protocol: reader.u8(),
  }
  reader.skip(2) // placeholders
  return axon
}

/** The list has one entry today, the owner's, with all that is staked on the hotkey. */
function stakeOfAll(reader: ScaleReader): bigint {
  let all = 0n
  reader.skipList(STAKE_BYTES, () => {
    reader.account() // of whom
    all += reader.compactU64()
  })
  return all
}
