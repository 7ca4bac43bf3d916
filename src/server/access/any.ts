import { answersOf, combine } from './combination.js'
import type { AccessPolicy, AccessRule } from './rule.js'

/**
 * Admits whom one of the policies admits. They are asked in their order, up to the first that admits; those that answer
 * later are waited for together. When one fails and none of the others admits, nobody can say: it fails. `any()` of
 * nothing admits nobody.
 * @throws LevinError CONFIG for what is no policy
 */
export function any(...policies: readonly AccessPolicy[]): AccessRule {
  return combine('any', policies, (parts) => async (applicant) => {
    if (parts.length === 0) return 'any() of nothing admits nobody'
    const objections = await answersOf(parts, applicant, (objection) => objection === undefined)
    return objections.includes(undefined) ? undefined : objections.join('; ')
  })
}
