import type { Middleware } from 'levin'

/** Counts the calls of each validator, and says how far each one is after every so many. */
export function tally(every = 5): Middleware {
  const tallies = new Map<string, { calls: number; failed: number }>()

  return async function tally(call, next) {
    const mine = tallies.get(call.caller) ?? { calls: 0, failed: 0 }
    tallies.set(call.caller, mine)
    mine.calls++
    try {
      return await next()
    } catch (error) {
      mine.failed++
      throw error
    } finally {
      if (mine.calls % every === 0) call.log.info('progress', mine)
    }
  }
}
