/** What the HTTP doors count. */
import type { Door } from '../../doors/door.js'

/** Why a request was refused before it was a call. */
export type VisitRefusal =
  | 'malformed request'
  | 'too many attempts'
  | 'stopping'
  | 'body too large'
  | 'unknown synapse'
  | 'not verified'
  | 'not admitted'
  | 'too many signature checks'
  | 'wrong signature'
  | 'replayed'
  | 'too many validators'
  | 'no memory'
  | 'not as signed'
  | 'defect'

/** Requests of one HTTP door, since `listen`. */
export interface VisitTally {
  /** Requests that proved to be an admitted validator's, and became calls. */
  accepted: number
  readonly refused: Partial<Record<VisitRefusal, number>>
}

/** What the HTTP doors do and did. */
export interface HttpStats {
  /** Where it listens. */
  readonly host: string
  readonly port: number
  /** TCP connections, idle ones among them. */
  readonly connections: number
  /** That were closed before a byte of them was read, since they were too many. */
  readonly connectionsRefused: number
  /** Validators that asked within the last half minute or so. */
  readonly validators: number
  /** Requests, by door. */
  readonly requests: Readonly<Record<Exclude<Door, 'quic'>, VisitTally>>
}
