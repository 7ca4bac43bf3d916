/** T10: a miner that hangs or aborts, under its supervisor. */
import type { Trial } from './means.js'
import { formatStayingUp, stayingUp } from './staying-up.js'

export const ended: Trial = {
  id: 'T10',
  attack: 'a hang in a native call and an abort, 10 times each, under levin-supervisor',
  asked: 'noticed within 2 s, serving again within 4 s',
  // what it measures is time
  isLong: true,
  async run({ engine }) {
    const results = await stayingUp([engine], 10)
    return { measured: formatStayingUp(results), holds: results.every(({ holds }) => holds) }
  },
}
