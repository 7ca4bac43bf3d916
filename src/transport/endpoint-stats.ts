/** What a listening endpoint has seen. */
export interface EndpointStats {
  /** Connections that there are now, half-open ones included. */
  readonly connections: number
  /** Of those, whose TLS is not done. */
  readonly halfOpen: number
  /** UDP datagrams and bytes of their payload, since the start. */
  readonly datagramsIn: number
  readonly datagramsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Datagrams that were thrown away unanswered, since the start. */
  readonly dropped: {
    /** `admitsSource` said no. */
    readonly filtered: number
    /** Of a connection, and from another address than its own. */
    readonly pinned: number
    /** Would have started a connection while all half-open places were taken. */
    readonly halfOpenFull: number
    /** Would have started one more connection than its source may. */
    readonly tooManyFromIp: number
    /** Brought a token that expired, was tampered with, or was given to another address. */
    readonly badToken: number
    /** Of no connection and unable to start one: noise, packets of connections long gone, anything during a shutdown. */
    readonly malformed: number
  }
  readonly retriesSent: number
  readonly resetsSent: number
}

/** Plain numbers: two additions are all that a datagram of a connection costs. */
export class EndpointCounters {
  datagramsIn = 0
  datagramsOut = 0
  bytesIn = 0
  bytesOut = 0
  filtered = 0
  pinned = 0
  halfOpenFull = 0
  tooManyFromIp = 0
  badToken = 0
  malformed = 0
  retriesSent = 0
  resetsSent = 0

  snapshot(connections: number, halfOpen: number): EndpointStats {
    const { filtered, pinned, halfOpenFull, tooManyFromIp, badToken, malformed } = this
    const { datagramsIn, datagramsOut, bytesIn, bytesOut, retriesSent, resetsSent } = this
    return {
      connections,
      halfOpen,
      datagramsIn,
      datagramsOut,
      bytesIn,
      bytesOut,
      dropped: { filtered, pinned, halfOpenFull, tooManyFromIp, badToken, malformed },
      retriesSent,
      resetsSent,
    }
  }
}
