/** A rule may be part of several policies at once, as while one policy takes the place of another, and of several miners. */
import { SharedStart } from '../../metagraph/shared-start.js'
import type { AccessRule } from './rule.js'

const starts = new WeakMap<AccessRule, SharedStart>()

function startOf(rule: AccessRule): SharedStart {
  let start = starts.get(rule)
  if (start === undefined) {
    start = new SharedStart(
      async () => rule.start?.(),
      async () => rule.stop?.(),
    )
    starts.set(rule, start)
  }
  return start
}

/** Starts the rule, unless others use it already. @throws what its start throws */
export const startRule = (rule: AccessRule): Promise<void> => startOf(rule).start()

/** Stops the rule, unless others still use it. @throws what its stop throws */
export const stopRule = (rule: AccessRule): Promise<void> => startOf(rule).stop()
