/**
 * The memory that the native engine and we share, so that a small request or answer crosses without a call of its own.
 * `engine/src/memory.rs` has the other half.
 *
 * | part     | who fills it | what                                                                                      |
 * | -------- | ------------ | ----------------------------------------------------------------------------------------- |
 * | records  | engine       | what happened in a turn: rows of six numbers, see `RecordKind`                            |
 * | arena    | engine       | the bytes that the records tell of; written over when we have handled them                |
 * | commands | we           | how many there are, then rows of five numbers: connection, stream, offset, length, finish |
 * | outbox   | we           | the bytes that the commands want written                                                  |
 */
import type { NativeMemory } from './addon.js'

/** Numbers of a record: kind, connection, a, offset, length, flags. */
export const RECORD = 6
const COMMAND = 5

/** Rows of a turn: with one for each request, more than a turn ever has. */
const RECORDS = 8192
/** Writes between two turns. */
const COMMANDS = 2048
/** Bytes of a turn: a few requests of 100 KB, and small enough to stay in the processor's cache. */
const ARENA_BYTES = 1024 * 1024
const OUTBOX_BYTES = 512 * 1024

/** Plain numbers, since they are compared with the rows' doubles. */
export const RecordKind = {
  /** TLS is done. a: port; the bytes: host. */
  connected: 1,
  /** a: stream; flags: `LAST`, `NEW`. */
  data: 2,
  /** a: stream. */
  reset: 3,
  /** a: stream. */
  stopped: 4,
  /** a: stream. */
  canWrite: 5,
  /** a: code; the bytes: reason; flags: by whom, and 10 more when an application closed. */
  closed: 6,
  /** a: streams that may have been opened in all. */
  credit: 7,
  flushed: 8,
  /** a: stream. */
  blocked: 9,
  /** The bytes: host. */
  halfOpenGone: 10,
  /** a: 1, or 0 when the peer is heard again. */
  silent: 11,
} as const

export const LAST = 1
export const NEW = 2

/** Of an endpoint that is closed. Without it, who makes one after the other makes V8 collect everything each time. */
let spare: SharedMemory | undefined

export class SharedMemory implements NativeMemory {
  readonly records = new Float64Array(RECORDS * RECORD)
  readonly arena = Buffer.allocUnsafeSlow(ARENA_BYTES)
  readonly commands = new Float64Array(1 + COMMANDS * COMMAND)
  readonly outbox = Buffer.allocUnsafeSlow(OUTBOX_BYTES)
  #outboxUsed = 0

  static take(): SharedMemory {
    const memory = spare ?? new SharedMemory()
    spare = undefined
    return memory
  }

  /** The engine has let go of it. */
  giveBack(): void {
    this.commands[0] = 0
    spare = this
  }

  /** Leaves a write to the end of the turn. @returns false when there is no room: the engine is to be called */
  post(connection: number, stream: number, bytes: Uint8Array, fin: boolean): boolean {
    const { commands } = this
    const count = commands[0]!
    if (count === 0) this.#outboxUsed = 0 // the engine has taken all
    const offset = this.#outboxUsed
    const end = offset + bytes.length
    if (count === COMMANDS || end > OUTBOX_BYTES) return false
    this.outbox.set(bytes, offset)
    this.#outboxUsed = end
    const at = 1 + count * COMMAND
    commands[at] = connection
    commands[at + 1] = stream
    commands[at + 2] = offset
    commands[at + 3] = bytes.length
    commands[at + 4] = fin ? 1 : 0
    commands[0] = count + 1
    return true
  }

  text(offset: number, length: number): string {
    return this.arena.toString('utf8', offset, offset + length)
  }
}
