import { LevinError } from '../../errors.js'
import type { LiveCall } from '../call.js'
import type { Middleware } from './middleware.js'

type Run = (call: LiveCall) => Promise<unknown>

/** Middleware and what they are around as one function. Composed once a route, at `listen`. */
export function compose(middleware: readonly Middleware[], innermost: Run): Run {
  return middleware.reduceRight<Run>((inner, policy) => {
    const name = policy.name || 'a middleware without a name'
    return async (call) => {
      let passed = false
      return policy(call, () => {
        if (passed) throw new LevinError('CONFIG', `${name} called next() twice in one call`)
        passed = true
        return inner(call)
      })
    }
  }, innermost)
}
