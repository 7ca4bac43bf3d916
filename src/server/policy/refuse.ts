import { LevinError } from '../../errors.js'

/**
 * What a middleware throws to keep a call from its handler. The peer reads `request processing failed`; the reason
 * stays in the log, at level `debug`, since refusing is what the middleware is there for.
 */
export const refuse = (reason: string): LevinError => new LevinError('REFUSED', reason)
