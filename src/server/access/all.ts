import { answersOf, combine } from './combination.js'
import type { AccessPolicy, AccessRule } from './rule.js'

/**
 * Admits whom every policy admits. They are asked in their order, up to the first that objects; those that answer later
 * are waited for together. When one fails and none of the others objects, it fails. `all()` of nothing admits nobody.
 * @throws LevinError CONFIG for what is no policy
 */
export function all(...policies: readonly AccessPolicy[]): AccessRule {
  return combine('all', policies, (parts) => async (applicant) => {
    if (parts.length === 0) return 'all() of nothing admits nobody'
    const objections = await answersOf(parts, applicant, (objection) => objection !== undefined)
    return objections.find((objection) => objection !== undefined)
  })
}
