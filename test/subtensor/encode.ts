/** Answers of the two runtime calls, with everything in them that the decoders skip. */
import type { NeuronLite } from '../../src/subtensor/neurons-lite.js'
import type { SubnetState } from '../../src/subtensor/subnet-state.js'
import { bool, compact, le, list } from './scale-writer.js'

/** @param skipped what the fields hold that nobody reads: their encodings have every length */
export const encodeNeuronsLite = (neurons: readonly NeuronLite[], skipped = 0): Buffer =>
  list(neurons, (neuron) => encodeNeuron(neuron, skipped))

function encodeNeuron(neuron: NeuronLite, skipped: number): Buffer {
  const { hotkey, coldkey, uid, netuid, active, axon, stake, emission, lastUpdate, validatorPermit } = neuron
  const small = compact(skipped)
  return Buffer.concat([
    hotkey,
    coldkey,
    compact(uid),
    compact(netuid),
    bool(active),
    le(axon.block, 8),
    le(axon.version, 4),
    le(axon.ip, 16),
    le(axon.port, 2),
    le(axon.ipType, 1),
    le(axon.protocol, 1),
    le(skipped, 2),
    le(skipped, 8 + 4 + 16 + 2 + 1), // Prometheus
    list([stake], (amount) => Buffer.concat([coldkey, compact(amount)])),
    small,
    compact(emission),
    ...Array<Buffer>(5).fill(small),
    compact(lastUpdate),
    bool(validatorPermit),
    small,
  ])
}

export function encodeSubnetState(state: SubnetState | undefined, skipped = 0): Buffer {
  if (state === undefined) return bool(false)
  const { netuid, hotkeys, registeredAt, alphaStake, taoStake, totalStake } = state
  const smalls = list(hotkeys, () => compact(skipped))
  const bools = list(hotkeys, () => bool(skipped % 2 === 1))
  return Buffer.concat([
    bool(true),
    compact(netuid),
    list(hotkeys, (key) => key),
    list(hotkeys, (key) => key), // coldkeys
    bools,
    bools,
    ...Array<Buffer>(8).fill(smalls),
    list(registeredAt, compact),
    list(alphaStake, compact),
    list(taoStake, compact),
    list(totalStake, compact),
    list([0, 1, 2], () => smalls),
  ])
}
