import type { LevinError, LevinErrorCode } from 'levin'

/** An answer that takes longer than this is worth less. */
const FAST_MS = 250

/** From 0 to 1: nothing for a wrong answer, all for a right one in time. */
export const mark = (right: boolean, latencyMs: number): number =>
  right ? Math.min(1, FAST_MS / latencyMs) : 0

/** A miner answers for its own failures only; `undefined` is no mark at all. */
export const markOfFailure = ({ code }: LevinError): number | undefined =>
  VERDICTS[code].blame === 'miner' ? 0 : undefined

export const score = (marks: readonly (number | undefined)[]): number | undefined => {
  const counted = marks.filter((mark) => mark !== undefined)
  return counted.length === 0 ? undefined : counted.reduce((sum, mark) => sum + mark) / counted.length
}

export const explain = (error: LevinError): string =>
  `${error.code}: ${error.message}\n  ${VERDICTS[error.code].advice}`

/** A record of every code: a code that Levin adds one day does not compile here until it is judged. */
const VERDICTS: Record<LevinErrorCode, { blame: 'miner' | 'us' | 'nobody'; advice: string }> = {
  CANNOT_CONNECT: { blame: 'miner', advice: 'offline, or its axon on the chain is out of date' },
  WRONG_PEER: { blame: 'miner', advice: 'somebody else answers at its address' },
  TIMED_OUT: { blame: 'miner', advice: 'too slow; try it again in the next round' },
  PEER_ERROR: { blame: 'miner', advice: 'it could not answer; its own log says why' },
  PROTOCOL: { blame: 'miner', advice: 'it does not speak the protocol' },
  INVALID_ANSWER: { blame: 'miner', advice: 'it answers what the contract does not allow' },
  HANDSHAKE_REFUSED: { blame: 'nobody', advice: 'ask its owner to admit our hotkey' },
  CONNECTION_LOST: { blame: 'nobody', advice: 'connect again and ask once more before judging' },
  REFUSED: { blame: 'us', advice: 'a miner says this to itself alone' },
  ABORTED: { blame: 'us', advice: 'we gave up ourselves' },
  INVALID_REQUEST: { blame: 'us', advice: 'nothing was sent: mend the request' },
  LIMIT: { blame: 'us', advice: 'nothing was sent: send less, or raise the option' },
  CONFIG: { blame: 'us', advice: 'mend how we were started' },
  INTERNAL: { blame: 'us', advice: 'a defect: see its cause' },
}
