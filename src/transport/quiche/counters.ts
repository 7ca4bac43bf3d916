import type { EndpointStats } from '../endpoint-stats.js'
import type { Newcomers } from '../newcomers.js'

/** Plain numbers: two additions are all that a datagram of a connection costs. */
export class EndpointCounters {
  datagramsIn = 0
  datagramsOut = 0
  bytesIn = 0
  bytesOut = 0
  pinned = 0
  badToken = 0
  malformed = 0
  overdrawn = 0
  retriesSent = 0
  resetsSent = 0

  snapshot(connections: number, newcomers: Newcomers): EndpointStats {
    const { datagramsIn, datagramsOut, bytesIn, bytesOut, retriesSent, resetsSent } = this
    const { pinned, badToken, malformed, overdrawn } = this
    const { halfOpen, filtered, halfOpenFull, tooManyFromIp } = newcomers
    return {
      engine: 'quiche',
      connections,
      halfOpen,
      datagramsIn,
      datagramsOut,
      bytesIn,
      bytesOut,
      dropped: { filtered, pinned, halfOpenFull, tooManyFromIp, crowded: 0, badToken, malformed },
      overdrawn,
      retriesSent,
      resetsSent,
      refused: 0,
    }
  }
}
