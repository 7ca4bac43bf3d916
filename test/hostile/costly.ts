/** What one request may cost, of all that can be made up. */
import type { Trial } from './means.js'
import { LIMITS, worstRequest } from './requests.js'

const MIB = 1024 * 1024
const CLASSES = 200

export const costly: readonly Trial[] = LIMITS.map(({ bytes, ms: limitMs }) => ({
  id: 'requests',
  attack: `the slowest request of ${bytes / MIB} MiB that was found for the classes of the examples and ${CLASSES} generated ones`,
  asked: `decoded and bound within ${limitMs} ms`,
  // what it measures is time
  isLong: true,
  async run({ seed }) {
    const { ms, what } = worstRequest({ seed, classes: CLASSES, bytes, report: () => {} })
    return { measured: `${ms.toFixed(1)} ms: ${what}`, holds: ms <= limitMs }
  },
}))
