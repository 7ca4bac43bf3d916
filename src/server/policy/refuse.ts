import { LevinError } from '../../errors.js'

/** How a refusal is told by HTTP: `refused` as 403, `tooOften` as 429, `tooLarge` as 413, `busy` as 503. */
export type RefusalKind = 'refused' | 'tooOften' | 'tooLarge' | 'busy'

export class Refusal extends LevinError {
  readonly failure: RefusalKind

  constructor(reason: string, failure: RefusalKind) {
    super('REFUSED', reason)
    this.failure = failure
  }
}

/**
 * What a middleware throws to keep a call from its handler. A peer by QUIC reads `request processing failed`, one by HTTP
 * the status of `kind`; the reason stays in the log, at level `info`: of each synapse the first, then a number a minute
 * with the latest.
 * @param kind default `refused`
 */
export const refuse = (reason: string, kind: RefusalKind = 'refused'): LevinError => new Refusal(reason, kind)
