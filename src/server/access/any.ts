import { combine } from './combination.js'
import type { AccessPolicy, AccessRule } from './rule.js'

/**
 * Admits whom one of the policies admits. They are asked in their order, up to the first that admits; when one
 * fails, the others are still asked, and when none of them admits either, nobody can say: it fails. `any()` of nothing admits nobody.
 * @throws LevinError CONFIG for what is no policy
 */
export function any(...policies: readonly AccessPolicy[]): AccessRule {
  return combine('any', policies, (parts) => async (applicant) => {
    const objections: string[] = []
    const failures: unknown[] = []
    for (const part of parts) {
      try {
        const objection = await part.objection(applicant)
        if (objection === undefined) return undefined
        objections.push(objection)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return objections.length === 0 ? 'any() of nothing admits nobody' : objections.join('; ')
  })
}
