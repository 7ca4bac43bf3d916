import { combine } from './combination.js'
import type { AccessPolicy, AccessRule } from './rule.js'

/**
 * Admits whom every policy admits. They are asked in their order, up to the first that objects, so what is quick
 * goes first; when one fails, the others are still asked, and when none of them objects either, it fails. `all()` of nothing admits nobody.
 * @throws LevinError CONFIG for what is no policy
 */
export function all(...policies: readonly AccessPolicy[]): AccessRule {
  return combine('all', policies, (parts) => async (applicant) => {
    if (parts.length === 0) return 'all() of nothing admits nobody'
    const failures: unknown[] = []
    for (const part of parts) {
      try {
        const objection = await part.objection(applicant)
        if (objection !== undefined) return objection
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return undefined
  })
}
