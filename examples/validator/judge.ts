import type { LevinErrorCode, Outcome } from 'levin'
import type { Identification } from '../miner/contract.js'

/** An answer that takes longer than this is worth less. */
const FAST_MS = 250

/** From 0 to 1: nothing for a wrong answer, all for a right one in time. `undefined` is no mark: it was not the miner's fault. */
export function mark(outcome: Outcome<Identification>, language: string): number | undefined {
  if (!outcome.ok) return BLAME[outcome.code] === 'miner' ? 0 : undefined
  const isRight = outcome.data.guesses[0]?.language === language
  return isRight ? Math.min(1, FAST_MS / outcome.latencyMs) : 0
}

/** What a miner's outcome is called in the table. */
export function verdict(outcome: Outcome<Identification>, language: string): string {
  if (!outcome.ok) return outcome.code
  const found = outcome.data.guesses[0]?.language ?? 'none'
  return found === language ? `${found}, right` : `${found}, not ${language}`
}

/** A record of every code: a code that Levin adds one day does not compile here until it is judged. */
const BLAME: Record<LevinErrorCode, 'miner' | 'us' | 'nobody'> = {
  CANNOT_CONNECT: 'miner',
  WRONG_PEER: 'miner',
  TIMED_OUT: 'miner',
  PEER_ERROR: 'miner',
  PROTOCOL: 'miner',
  INVALID_ANSWER: 'miner',
  CONNECTION_LOST: 'miner',
  HANDSHAKE_REFUSED: 'nobody',
  REFUSED: 'us',
  ABORTED: 'us',
  INVALID_REQUEST: 'us',
  LIMIT: 'us',
  CONFIG: 'us',
  INTERNAL: 'us',
}
