import type { FollowOptions } from 'levin'
import type { WhichChain } from 'levin/subtensor'

/** What the command line of the examples takes to say which subnet it is; `parseArgs` gives the values. */
export const subnetArgs = {
  network: { type: 'string', default: 'finney' },
  netuid: { type: 'string' },
} as const

/** `--network finney`, `test` or `local`, or the address of a node of your own, `ws://...`. */
export function subnetFrom(network: string, netuid: string): WhichChain & { readonly netuid: number } {
  const which: WhichChain = isNamed(network) ? { network } : { endpoints: [network] }
  return { ...which, netuid: Number(netuid) }
}

/** Miners of the public chains answer at public addresses; those of a chain of your own may be anywhere. */
export function whomToFollow(network: string): FollowOptions {
  if (network === 'finney' || network === 'test') return {}
  return {
    where: ({ active, validatorPermit, axon }) => active === true && !validatorPermit && axon !== undefined,
  }
}

const isNamed = (network: string): network is 'finney' | 'test' | 'local' =>
  ['finney', 'test', 'local'].includes(network)
