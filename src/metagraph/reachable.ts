/** Who can be asked, and from where, as far as what they published says. */
import { BlockList } from 'node:net'
import type { Neuron, PublishedAxon } from './source.js'

/** What an axon's `protocol` is for QUIC. */
const QUIC = 4

/** IPv4 networks that lead nowhere from the open internet (IANA's registry of special-purpose addresses). */
const SPECIAL: readonly [network: string, bits: number][] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // shared by carriers
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 3], // multicast, reserved, broadcast
]

const special = new BlockList()
for (const [network, bits] of SPECIAL) special.addSubnet(network, bits)

/** Where it says that it is, when that is an IPv4 address which the open internet can reach, as the reference wants it. */
export function routableAxon({ axon }: Neuron): PublishedAxon | undefined {
  if (axon === undefined || axon.host.includes(':') || special.check(axon.host)) return undefined
  return axon
}

/** Whom the reference calls a miner that answers over QUIC: active, without a permit, with a routable axon of protocol 4. */
export function isReachable(neuron: Neuron): boolean {
  if (neuron.active !== true || neuron.validatorPermit) return false
  const axon = routableAxon(neuron)
  return axon !== undefined && axon.port > 0 && axon.protocol === QUIC
}
