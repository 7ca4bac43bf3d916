/** What the runtime's two calls answer, in the layouts that spec 293, 365 and 461 share. */
import { decodeHotkey } from '../../auth/ss58.js'
import { LevinError } from '../../errors.js'
import { ipToNumber } from './ip.js'
import type { FakeNeuron } from './neurons.js'
import { ScaleWriter } from './scale.js'

/** A checksum takes longer than all the rest of a neuron. */
const KEYS_KEPT = 10_000
const keys = new Map<string, Uint8Array>()

function publicKey(address: string): Uint8Array {
  const known = keys.get(address)
  if (known !== undefined) return known
  if (keys.size >= KEYS_KEPT) keys.clear()
  const key = decodeHotkey(address)
  keys.set(address, key)
  return key
}

/**
 * @returns `Vec<NeuronInfoLite>`
 * @throws LevinError `CONFIG` for a neuron that cannot be encoded
 */
export function encodeNeuronsLite(netuid: number, neurons: readonly FakeNeuron[]): Uint8Array {
  const to = new ScaleWriter()
  to.compact(neurons.length)
  forEach(netuid, neurons, (neuron, uid) => {
    const coldkey = publicKey(neuron.coldkey)
    to.raw(publicKey(neuron.hotkey)).raw(coldkey).compact(uid, 2).compact(netuid, 2).bool(neuron.active)
    writeAxon(to, neuron)
    writePrometheus(to, neuron)
    to.compact(1).raw(coldkey).compact(neuron.stake)
    to.compact(neuron.rank, 2)
      .compact(neuron.emission)
      .compact(neuron.incentive, 2)
      .compact(neuron.consensus, 2)
    to.compact(neuron.trust, 2).compact(neuron.validatorTrust, 2).compact(neuron.dividends, 2)
    to.compact(neuron.lastUpdate).bool(neuron.validatorPermit).compact(neuron.pruningScore, 2)
  })
  return to.done()
}

function forEach(
  netuid: number,
  neurons: readonly FakeNeuron[],
  write: (neuron: FakeNeuron, uid: number) => void,
): void {
  for (const [uid, neuron] of neurons.entries()) {
    try {
      write(neuron, uid)
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause)
      throw new LevinError('CONFIG', `fake node, subnet ${netuid}, uid ${uid}: ${what}`, { cause })
    }
  }
}

function writeAxon(to: ScaleWriter, { axon }: FakeNeuron): void {
  const { ip, type } = axon === undefined ? { ip: 0n, type: 0 } : ipToNumber(axon.ip)
  to.uint(axon?.block ?? 0, 8)
    .uint(axon?.version ?? 0, 4)
    .uint(ip, 16)
    .uint(axon?.port ?? 0, 2)
  to.uint(type, 1)
    .uint(axon?.protocol ?? 0, 1)
    .uint(axon?.placeholder1 ?? 0, 1)
    .uint(axon?.placeholder2 ?? 0, 1)
}

function writePrometheus(to: ScaleWriter, { prometheus }: FakeNeuron): void {
  const { ip, type } = prometheus === undefined ? { ip: 0n, type: 0 } : ipToNumber(prometheus.ip)
  to.uint(prometheus?.block ?? 0, 8)
    .uint(prometheus?.version ?? 0, 4)
    .uint(ip, 16)
  to.uint(prometheus?.port ?? 0, 2).uint(type, 1)
}

/**
 * @param subnets how many there are: the history of emissions has a list for each, here all zeros
 * @returns `Option<SubnetState>`, of a subnet that exists
 * @throws LevinError `CONFIG` for a neuron that cannot be encoded
 */
export function encodeSubnetState(
  netuid: number,
  neurons: readonly FakeNeuron[],
  subnets: number,
): Uint8Array {
  const to = new ScaleWriter()
  const column = (write: (neuron: FakeNeuron) => void): void => {
    to.compact(neurons.length)
    forEach(netuid, neurons, write)
  }
  to.uint(1, 1).compact(netuid, 2)
  column(({ hotkey }) => to.raw(publicKey(hotkey)))
  column(({ coldkey }) => to.raw(publicKey(coldkey)))
  column(({ active }) => to.bool(active))
  column(({ validatorPermit }) => to.bool(validatorPermit))
  column(({ pruningScore }) => to.compact(pruningScore, 2))
  column(({ lastUpdate }) => to.compact(lastUpdate))
  column(({ emission }) => to.compact(emission))
  column(({ dividends }) => to.compact(dividends, 2))
  column(({ incentive }) => to.compact(incentive, 2))
  column(({ consensus }) => to.compact(consensus, 2))
  column(({ trust }) => to.compact(trust, 2))
  column(({ rank }) => to.compact(rank, 2))
  column(({ registeredAt }) => to.compact(registeredAt))
  column(({ alphaStake }) => to.compact(alphaStake))
  column(({ taoStake }) => to.compact(taoStake))
  column(({ totalStake }) => to.compact(totalStake))
  to.compact(subnets)
  for (let subnet = 0; subnet < subnets; subnet++) column(() => to.compact(0))
  return to.done()
}
