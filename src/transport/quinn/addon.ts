/** The only import of the native engine, `levin-engine`: what it looks like, and what is said when it does not load. */
import { createRequire } from 'node:module'
import { LevinError } from '../../errors.js'
import type { NativeSr25519 } from '../engine.js'

/** A socket and its connections, which are named by ids: see `engine/src/node.rs`. */
export interface NativeEngine {
  /** IP address that it is bound to. */
  readonly host: string
  readonly port: number
  /** @returns the connection's id @throws Error when that is no address, or the endpoint is closed */
  dial(host: string, port: number): number
  /** @returns how many bytes were taken; -1 when the stream takes none any more */
  write(connection: number, stream: number, bytes: Uint8Array, fin: boolean): number
  reset(connection: number, stream: number): void
  pause(connection: number, stream: number): void
  resume(connection: number, stream: number): void
  /** @returns true when the peer has all that was finished; else a record tells when it has */
  flush(connection: number): boolean
  /** Asks the peer for a sign of life. */
  ping(connection: number): void
  trust(connection: number): void
  close(connection: number, code: number, reason: string): void
  /** DER */
  peerCertificate(connection: number): Buffer | null
  refuseNew(): void
  /** Live connections, then what `Counters` of `engine/src/endpoint.rs` has, in its order. */
  stats(): number[]
  shutdown(): void
  /** Test only: the next entry of a kind panics. 1: the socket, 2: before the loop sleeps, 3: the timer, 4: a call. */
  panicIn(entry: 1 | 2 | 3 | 4): void
}

export interface NativeOptions {
  readonly host: string
  readonly port: number
  readonly idleTimeoutMs: number
  readonly keepAliveMs: number
  readonly streamWindow: number
  readonly maxStreams: number
  /** See `PeerLimits`. */
  readonly halfOpenBytes: number
  readonly halfOpenMs: number
  readonly strangerBytes: number
  readonly overheadBytes: number
  readonly packetsPerTurn: number
  /** PKCS #8 and X.509 in DER, and the secret of the reset tokens: all three for an endpoint that listens. */
  readonly key?: Uint8Array
  readonly certificate?: Uint8Array
  readonly resetSecret?: Uint8Array
  readonly validate: boolean
  /** Whether the gate is asked about every datagram of a stranger, and not about newcomers alone. */
  readonly filters: boolean
}

/** What both sides read and write: see `memory.ts`. */
export interface NativeMemory {
  readonly records: Float64Array
  readonly arena: Uint8Array
  readonly commands: Float64Array
  readonly outbox: Uint8Array
}

export interface Addon extends NativeSr25519 {
  version(): string
  Engine: new (
    options: NativeOptions,
    onTurn: (records: number, failure?: string) => void,
    gate: ((question: number, host: string) => boolean) | undefined,
    memory: NativeMemory,
  ) => NativeEngine
}

const require = createRequire(import.meta.url)
/** What both sides write into shared memory changes with the version, so only this one will do. */
const VERSION: string = require('levin/package.json').optionalDependencies['levin-engine']
const INSTALL = `npm install levin-engine@${VERSION}`

/**
 * @param load what loads a package by its name
 * @throws LevinError CONFIG that says why it does not load here, and what to do
 */
export function loadAddon(load: (name: string) => unknown = require): Addon {
  try {
    const addon = load('levin-engine') as Addon
    const version = addon.version()
    if (version === VERSION) return addon
    throw new Error(`levin-engine is ${version}, and ${VERSION} is needed; ${INSTALL}`)
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    const why = isMissing ? `levin-engine is not installed; ${INSTALL}` : LevinError.from(cause).message
    throw new LevinError('CONFIG', `the native engine cannot be loaded: ${why}`, { cause })
  }
}
