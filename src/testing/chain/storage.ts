/** `state_getStorage`: the few entries of storage that clients look at. */
import { Buffer } from 'node:buffer'
import type { Block, State } from './blocks.js'
import { nameHash } from './hash.js'
import { ScaleWriter } from './scale.js'

const prefixOf = (pallet: string, entry: string): string =>
  Buffer.concat([nameHash(pallet), nameHash(entry)]).toString('hex')

/** Of a transaction: System.ExtrinsicSuccess without weight, of the normal class, that paid its fee; no topics. */
const SUCCESS = Uint8Array.of(0, 0, 0, 0, 0, 0, 0)

/** A record for each transaction of a block, which says that it was applied. */
function events({ extrinsics }: Block): Uint8Array {
  const to = new ScaleWriter().compact(extrinsics.length)
  for (const index of extrinsics.keys()) to.uint(0, 1).uint(index, 4).raw(SUCCESS)
  return to.done()
}

type Entry = (block: Block, state: State, key: Uint8Array) => Uint8Array | undefined

const netuidOf = (key: Uint8Array): number => key[0]! + key[1]! * 256

/** By their 32-byte prefix. A netuid stands behind it as it is. */
const ENTRIES: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  [prefixOf('System', 'Number'), ({ number }) => new ScaleWriter().uint(number, 4).done()],
  [prefixOf('System', 'Events'), events],
  [prefixOf('Timestamp', 'Now'), ({ madeAtMs }) => new ScaleWriter().uint(madeAtMs, 8).done()],
  [
    prefixOf('SubtensorModule', 'NetworksAdded'),
    (_, { subnets }, key) => (subnets.has(netuidOf(key)) ? Uint8Array.of(1) : undefined),
  ],
  [
    prefixOf('SubtensorModule', 'SubnetworkN'),
    (_, { subnets }, key) => {
      const subnet = subnets.get(netuidOf(key))
      return subnet && new ScaleWriter().uint(subnet.neurons, 2).done()
    },
  ],
])

/** @returns undefined for an entry that is not there, and for one that the fake node does not know */
export function storageAt(key: Uint8Array, block: Block, state: State): Uint8Array | undefined {
  const prefix = Buffer.from(key.subarray(0, 32)).toString('hex')
  return ENTRIES.get(prefix)?.(block, state, key.subarray(32))
}
