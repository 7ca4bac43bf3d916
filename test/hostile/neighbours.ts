/** One validator that sends its worst, beside another one of the same miner. */
import { fairness } from './fairness.js'
import type { Trial } from './means.js'
import { ROGUES } from './rogues.js'

export const neighbours: readonly Trial[] = Object.keys(ROGUES).map((kind) => ({
  id: 'fairness',
  attack: `a validator that sends its worst at full speed: ${kind}`,
  asked: "another one's p99 at most three times what it was, its rate at least half",
  // what it measures is time
  isLong: true,
  async run() {
    const { p99Ms, measured, holds } = await fairness(kind)
    return { p99Ms, measured, holds }
  },
}))
