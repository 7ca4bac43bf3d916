import type { Engine } from './engine.js'

/** What a listening endpoint has seen. */
export interface EndpointStats {
  /** Which engine it runs on. */
  readonly engine: Engine['name']
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
    /**
     * First packets that came when there were too many: beyond 1,000 at once and 10,000 a second, of those with a token
     * and of those without one. quiche has no such limit.
     */
    readonly crowded: number
    /** Brought a token that expired, was tampered with, or was given to another address. */
    readonly badToken: number
    /** Of no connection and unable to start one: noise, packets of connections long gone, anything during a shutdown. */
    readonly malformed: number
  }
  /** Connections that were cut off because they sent too much that carried nothing. */
  readonly overdrawn: number
  readonly retriesSent: number
  readonly resetsSent: number
  /** Newcomers that were told, during a shutdown, that nobody is taken any more. quiche says nothing to them. */
  readonly refused: number
}
