import type { EndpointStats } from '../transport/endpoint-stats.js'
import type { SourceFilterStats } from './access/source-filter.js'
import type { HandshakeTally } from './admission.js'
import type { WorkerStats } from './dispatch/workers.js'
import type { HttpStats } from './doors/tally.js'
import type { LoopTally } from './fair-loop.js'
import type { MemoryStats } from './memory-guard.js'
import type { CallTally } from './watch.js'

/** What a miner does and did, since it started. A snapshot: plain numbers that can be sent anywhere as JSON. */
export interface MinerStats {
  readonly connections: {
    /** TLS is not done. */
    readonly halfOpen: number
    /** TLS is done, and no handshake was accepted yet. */
    readonly strangers: number
    /** One for each hotkey: replaced connections that finish what they answer are not counted. */
    readonly validators: number
    /** How many of them there may be. */
    readonly maxValidators: number
  }
  /** Handshakes by their outcome; refused ones by reason. */
  readonly handshakes: HandshakeTally
  /** By synapse. */
  readonly calls: Readonly<Record<string, CallTally>>
  /** Calls of synapses that there are not. */
  readonly unrecognized: number
  /** What the requests of each validator that is connected took of the event loop, by hotkey. */
  readonly loop: Readonly<Record<string, LoopTally>>
  readonly memory: MemoryStats
  readonly access: {
    /** As it was written: `all(registered(), minStake(1000))`. */
    readonly policy: string
    /** Milliseconds since what it knows was known to be true; undefined for what does not age. */
    readonly ageMs: number | undefined
  }
  /** Undefined when no handler runs in threads. */
  readonly workers: WorkerStats | undefined
  /** What each middleware counts, by its name; two of one name are `name` and `name 2`. */
  readonly middleware: Readonly<Record<string, object>>
  readonly sourceFilter: SourceFilterStats | undefined
  /** Undefined when the HTTP doors are closed. */
  readonly http: HttpStats | undefined
  /** Datagrams and bytes; undefined before `listen`. */
  readonly network: EndpointStats | undefined
}
