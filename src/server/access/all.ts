import { combine } from './combination.js'
import type { AccessPolicy, AccessRule } from './rule.js'

/**
 * Admits whom every policy admits. They are asked in their order, up to the first that objects or fails, so what is
 * quick goes first. `all()` of nothing admits nobody.
 * @throws LevinError CONFIG for what is no policy
 */
export function all(...policies: readonly AccessPolicy[]): AccessRule {
  return combine('all', policies, (parts) => async (applicant) => {
    if (parts.length === 0) return 'all() of nothing admits nobody'
    for (const part of parts) {
      const objection = await part.objection(applicant)
      if (objection !== undefined) return objection
    }
    return undefined
  })
}
