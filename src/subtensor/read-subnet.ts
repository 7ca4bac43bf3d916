/** What one sync asks of a node: three requests, of one final block. */
import { LevinError } from '../errors.js'
import type { AccountNames } from './account-names.js'
import type { Ask } from './chain.js'
import { decodeNeuronsLite } from './neurons-lite.js'
import { type ChainNeurons, neuronsOf } from './snapshot.js'
import { decodeSubnetState } from './subnet-state.js'

/** @returns 0x and 64 hex digits @throws LevinError PROTOCOL for another answer */
export async function finalizedHead(ask: Ask): Promise<string> {
  const head = await ask('chain_getFinalizedHead', [])
  if (typeof head === 'string' && /^0x[0-9a-f]{64}$/i.test(head)) return head
  throw new LevinError('PROTOCOL', 'its newest block has no hash')
}

/** @throws LevinError as `neuronsOf`, PROTOCOL for an answer that is not what it should be */
export async function readSubnet(
  ask: Ask,
  netuid: number,
  head: string,
  names: AccountNames,
): Promise<ChainNeurons> {
  const argument = new Uint8Array([netuid & 0xff, netuid >> 8])
  const state = decodeSubnetState(await call(ask, 'SubnetInfoRuntimeApi_get_subnet_state', argument, head))
  const lite = decodeNeuronsLite(await call(ask, 'NeuronInfoRuntimeApi_get_neurons_lite', argument, head))
  return neuronsOf(netuid, lite, state, names)
}

/** What a function of the runtime answers, at a block. @throws LevinError PROTOCOL for what are no bytes in hex */
export async function call(ask: Ask, name: string, argument: Uint8Array, head: string): Promise<Buffer> {
  const answer = await ask('state_call', [name, toHex(argument), head])
  const bytes = typeof answer === 'string' && answer.startsWith('0x') ? fromHex(answer) : undefined
  if (bytes !== undefined) return bytes
  throw new LevinError('PROTOCOL', `its answer to ${name} are no bytes in hex`)
}

export const toHex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`

/** @returns undefined for what is no hex: node:buffer stops there, and says nothing */
export function fromHex(text: string): Buffer | undefined {
  const bytes = Buffer.from(text.slice(2), 'hex')
  return bytes.length * 2 === text.length - 2 ? bytes : undefined
}
