/** What `any` and `all` have in common: their parts' names, changes, age, start and stop as one. */
import { type AccessPolicy, type AccessRule, type Applicant, type Objection, ruleOf } from './rule.js'
import { startRule, stopRule } from './rule-start.js'

/** The rules that a combination is made of in the end, so that one that is in it twice is started once. */
const leavesOf = new WeakMap<AccessRule, readonly AccessRule[]>()

/**
 * @param objection asks the parts, which it is given as rules
 * @throws LevinError CONFIG for what is no policy
 */
export function combine(
  name: string,
  policies: readonly AccessPolicy[],
  objection: (parts: readonly AccessRule[]) => AccessRule['objection'],
): AccessRule {
  const parts = policies.map(ruleOf)
  const leaves = [...new Set(parts.flatMap((part) => leavesOf.get(part) ?? [part]))]
  const rule: AccessRule = {
    get name() {
      return `${name}(${parts.map((part) => part.name).join(', ')})`
    },
    objection: objection(parts),
    onChange(look) {
      const ends = leaves.map((leaf) => leaf.onChange?.(look))
      return () => {
        for (const end of ends) end?.()
      }
    },
    start: () => start(leaves),
    stop: () => stop(leaves),
    ageMs() {
      const ages = leaves.map((leaf) => leaf.ageMs?.()).filter((age) => age !== undefined)
      return ages.length === 0 ? undefined : Math.max(...ages)
    },
  }
  leavesOf.set(rule, leaves)
  return rule
}

/**
 * What the parts, one or more, say of an applicant, in their order; when one decides, only what that one says. They are
 * asked in their order, and who answers later is not waited for before the next is asked: a part that hangs hides no
 * other's answer.
 * @throws what the first one threw, when none of the others decides
 */
export async function answersOf(
  parts: readonly AccessRule[],
  applicant: Applicant,
  decides: (objection: Objection) => boolean,
): Promise<readonly Objection[]> {
  const answers: Promise<Objection>[] = []
  for (const part of parts) {
    const answer = answerOf(part, applicant)
    if (isGiven(answer) && decides(answer)) return [answer]
    const later = Promise.resolve(answer)
    later.catch(() => {}) // when the next one decides, nobody hears of it
    answers.push(later)
  }
  return new Promise((resolve, reject) => {
    const objections: Objection[] = []
    const failures: unknown[] = []
    let waiting = answers.length
    const settled = (): void => {
      if (--waiting > 0) return
      if (failures.length > 0) reject(failures[0])
      else resolve(objections)
    }
    for (const [place, answer] of answers.entries()) {
      const say = (objection: Objection): void => {
        objections[place] = objection
        if (decides(objection)) resolve([objection])
      }
      void answer.then(say, (error: unknown) => failures.push(error)).then(settled)
    }
  })
}

const isGiven = (answer: Objection | PromiseLike<Objection>): answer is Objection =>
  answer === undefined || typeof answer === 'string'

/** One that throws has failed like one that rejects. */
function answerOf(part: AccessRule, applicant: Applicant): Objection | Promise<Objection> {
  try {
    return part.objection(applicant)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** All at once; when one cannot, those that could are stopped again. @throws what the first one threw that could not */
async function start(leaves: readonly AccessRule[]): Promise<void> {
  const outcomes = await Promise.allSettled(leaves.map(startRule))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return
  await stop(leaves.filter((_, index) => outcomes[index]?.status === 'fulfilled')).catch(() => {}) // why it did not start says more
  throw failed.reason
}

/** Each of them, also when one cannot. @throws what the first one threw that could not */
async function stop(leaves: readonly AccessRule[]): Promise<void> {
  const outcomes = await Promise.allSettled(leaves.map(stopRule))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
