/** What the runtime's two calls answer, in the layouts that spec 293, 365 and 461 share. */
import { decodeHotkey } from '../../auth/ss58.js'
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

/** @returns `Vec<NeuronInfoLite>` */
export function encodeNeuronsLite(netuid: number, neurons: readonly FakeNeuron[]): Uint8Array {
  const to = new ScaleWriter()
  to.compact(neurons.length)
  for (const [uid, neuron] of neurons.entries()) {
    const coldkey = publicKey(neuron.coldkey)
    to.raw(publicKey(neuron.hotkey)).raw(coldkey).compact(uid).compact(netuid).bool(neuron.active)
    writeAxon(to, neuron)
    writePrometheus(to, neuron)
    to.compact(1).raw(coldkey).compact(neuron.stake)
    to.compact(neuron.rank).compact(neuron.emission).compact(neuron.incentive).compact(neuron.consensus)
    to.compact(neuron.trust).compact(neuron.validatorTrust).compact(neuron.dividends)
    to.compact(neuron.lastUpdate).bool(neuron.validatorPermit).compact(neuron.pruningScore)
  }
  return to.done()
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
 */
export function encodeSubnetState(
  netuid: number,
  neurons: readonly FakeNeuron[],
  subnets: number,
): Uint8Array {
  const to = new ScaleWriter()
  const column = (write: (neuron: FakeNeuron) => void): ScaleWriter => to.list(neurons, write)
  to.uint(1, 1).compact(netuid)
  column(({ hotkey }) => to.raw(publicKey(hotkey)))
  column(({ coldkey }) => to.raw(publicKey(coldkey)))
  column(({ active }) => to.bool(active))
  column(({ validatorPermit }) => to.bool(validatorPermit))
  column(({ pruningScore }) => to.compact(pruningScore))
  column(({ lastUpdate }) => to.compact(lastUpdate))
  column(({ emission }) => to.compact(emission))
  column(({ dividends }) => to.compact(dividends))
  column(({ incentive }) => to.compact(incentive))
  column(({ consensus }) => to.compact(consensus))
  column(({ trust }) => to.compact(trust))
  column(({ rank }) => to.compact(rank))
  column(({ registeredAt }) => to.compact(registeredAt))
  column(({ alphaStake }) => to.compact(alphaStake))
  column(({ taoStake }) => to.compact(taoStake))
  column(({ totalStake }) => to.compact(totalStake))
  to.list(Array.from({ length: subnets }), () => column(() => to.compact(0)))
  return to.done()
}
