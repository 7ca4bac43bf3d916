import { LevinError } from '../../errors.js'

/**
 * What a caller by HTTP may know of a refusal, by the status that it reads: `forbidden` is 403, `tooMany` 429, `tooLarge`
 * 413, `busy` 503.
 */
export type RefusalKind = 'forbidden' | 'tooMany' | 'tooLarge' | 'busy'

export class Refusal extends LevinError {
  constructor(
    reason: string,
    readonly kind: RefusalKind,
  ) {
    super('REFUSED', reason)
  }
}

/**
 * What a middleware throws to keep a call from its handler. A peer by QUIC reads `request processing failed`, one by HTTP
 * the status of `kind`; the reason stays in the log, at level `info`: of each synapse the first, then a number a minute
 * with the latest.
 * @param kind default `forbidden`
 */
export const refuse = (reason: string, kind: RefusalKind = 'forbidden'): LevinError =>
  new Refusal(reason, kind)
