import { LevinError } from '../../errors.js'
import { combine } from './combination.js'
import type { AccessPolicy, AccessRule } from './rule.js'

/**
 * Admits whom one of the policies admits. They are asked in their order, up to the first that admits; one that fails
 * objects, and the others are still asked. `any()` of nothing admits nobody.
 * @throws LevinError CONFIG for what is no policy
 */
export function any(...policies: readonly AccessPolicy[]): AccessRule {
  return combine('any', policies, (parts) => async (applicant) => {
    const objections: string[] = []
    for (const part of parts) {
      try {
        const objection = await part.objection(applicant)
        if (objection === undefined) return undefined
        objections.push(objection)
      } catch (error) {
        objections.push(`${part.name} failed: ${LevinError.from(error).message}`)
      }
    }
    return objections.length === 0 ? 'any() of nothing admits nobody' : objections.join('; ')
  })
}
