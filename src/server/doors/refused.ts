import type { Failure } from '../../doors/status.js'
import type { VisitRefusal } from './tally.js'

export interface RefusedDetails {
  /** For the caller, who may know why. */
  readonly words?: string
  /** For the log alone. */
  readonly detail?: string
}

/** A request that does not become a call. */
export class Refused extends Error {
  readonly refusal: VisitRefusal
  readonly failure: Failure
  readonly words: string | undefined
  readonly detail: string | undefined

  constructor(refusal: VisitRefusal, failure: Failure, { words, detail }: RefusedDetails = {}) {
    super(refusal)
    this.refusal = refusal
    this.failure = failure
    this.words = words
    this.detail = detail
  }
}
