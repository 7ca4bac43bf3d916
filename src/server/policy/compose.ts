import { LevinError } from '../../errors.js'
import type { LiveCall } from '../call.js'
import type { AnyMiddleware } from './middleware.js'

type Run = (call: LiveCall) => Promise<unknown>

/** Middleware and what they are around as one function. Composed once a route, at `listen`. */
export function compose(middleware: readonly AnyMiddleware[], innermost: Run): Run {
  return middleware.reduceRight<Run>((inner, policy) => {
    const name = policy.name || 'a middleware without a name'
    // Not `async`: the policy gives a promise already, and a second one around it costs 0.3 us of each call.
    return (call) => {
      let passed = false
      const next = (adds?: object): Promise<unknown> => {
        if (passed) throw new LevinError('CONFIG', `${name} called next() twice in one call`)
        passed = true
        // Nothing starts for nobody: whoever comes next would take places, and a handler would run in full.
        const ended = call.whyEnded
        if (ended !== undefined) return Promise.reject(ended)
        if (adds !== undefined) add(call, adds, name)
        return inner(call)
      }
      try {
        return policy(call, next)
      } catch (error) {
        return Promise.reject(error)
      }
    }
  }, innermost)
}

function add(call: LiveCall, adds: object, name: string): void {
  for (const key in adds) {
    if (key in call) throw new LevinError('CONFIG', `${name} adds '${key}' to the call, which has it already`)
  }
  Object.assign(call, adds)
}
