import { LevinError } from '../errors.js'

/**
 * What a call failed with, as its caller is told: in text and in fields it says which miner was asked for what. What
 * fails deep in an exchange does not know, and a validator asks hundreds of miners at once.
 */
export function callError(thrown: unknown, miner: string, synapse: string): LevinError {
  const error = LevinError.from(thrown)
  const { code, message, peerMessage, callId } = error
  return new LevinError(code, `synapse '${synapse}' of miner ${miner}: ${message}`, {
    ...('cause' in error && { cause: error.cause }),
    peerMessage,
    callId,
    miner,
    synapse,
  })
}
