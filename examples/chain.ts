import type { FollowOptions } from 'levin'
import type { WhichChain } from 'levin/subtensor'

/** Miners of the public chains answer at public addresses; those of a chain of your own may be anywhere. */
export function whomToFollow({ network }: WhichChain): FollowOptions {
  if (network === 'finney' || network === 'test') return {}
  return {
    where: ({ active, validatorPermit, axon }) => active === true && !validatorPermit && axon !== undefined,
  }
}
