import { LevinError } from '../../errors.js'

/**
 * What a middleware throws to keep a call from its handler. The peer reads `request processing failed`; the reason
 * stays in the log, at level `info`: of each synapse the first, then a number a minute with the latest.
 */
export const refuse = (reason: string): LevinError => new LevinError('REFUSED', reason)
