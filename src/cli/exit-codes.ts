import type { LevinErrorCode } from '../errors.js'

/** What `levin` ends with; `docs/command.md` has the same table. */
export const Exit = {
  done: 0,
  /** It did what was asked, and what came of it is not well: a finding of `doctor`, an error that a miner answered. */
  notWell: 1,
  /** Our own mistake: an option, a file, a wallet, a request that its class does not allow. */
  wrongUse: 2,
  /** Nobody was there, or not who was wanted, or they did not let us in. */
  notReached: 3,
} as const

const BY_CODE: Partial<Record<LevinErrorCode, number>> = {
  CONFIG: Exit.wrongUse,
  INVALID_REQUEST: Exit.wrongUse,
  LIMIT: Exit.wrongUse,
  CANNOT_CONNECT: Exit.notReached,
  HANDSHAKE_REFUSED: Exit.notReached,
  WRONG_PEER: Exit.notReached,
  TIMED_OUT: Exit.notReached,
  CONNECTION_LOST: Exit.notReached,
}

export const exitCodeOf = (code: LevinErrorCode): number => BY_CODE[code] ?? Exit.notWell
