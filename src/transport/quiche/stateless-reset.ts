/**
 * Stateless reset (RFC 9000, section 10.3): what a restarted miner says to a validator whose connection it has lost,
 * which otherwise waits for its idle timeout (THREATS M8).
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { Address } from '../link.js'
import { sourceKey } from '../source-key.js'
import { CONNECTION_ID_BYTES } from './config.js'
import { FIXED_BIT, LONG_HEADER } from './packet.js'

const SECRET_BYTES = 32
const TOKEN_BYTES = 16
/**
 * The smallest packet with an id of ours: a byte, the id, and what header protection samples (RFC 9001, section
 * 5.4.2). A validator's sign of life is 30 bytes, and must be answered.
 */
const MIN_TRIGGER_BYTES = 1 + CONNECTION_ID_BYTES + 4 + 16
/** As an ordinary small packet, so that nobody on the path can tell it from one. */
const MAX_RESET_BYTES = 42
/** RFC 9000 asks for a limit: with these a flood of spoofed packets brings back 4 KiB a second. */
const MAX_PER_SECOND_AND_SOURCE = 10
const MAX_PER_SECOND = 100
const WINDOW_MS = 1000

export class StatelessResets {
  readonly #secret: Uint8Array
  readonly #local: () => Address
  readonly #clock: Clock
  /** Resets in this second by source: no more entries than `MAX_PER_SECOND`. */
  readonly #sent = new Map<string, number>()
  #sentInAll = 0
  #windowFrom = Number.NEGATIVE_INFINITY

  /**
   * @param secret 32 bytes that outlive the process
   * @param local where we listen: miners of one hotkey have one secret, and those on one machine must not tell each
   *   other's tokens (RFC 9000, section 21.11)
   * @throws LevinError CONFIG for another length
   */
  constructor(secret: Uint8Array, local: () => Address, clock: Clock) {
    if (secret.length !== SECRET_BYTES) {
      throw new LevinError(
        'CONFIG',
        `resetSecret has ${secret.length} bytes; it is ${SECRET_BYTES} random bytes that are kept over restarts`,
      )
    }
    this.#secret = secret
    this.#local = local
    this.#clock = clock
  }

  /** The token of the connection with this id. Only its client may learn it: with it anybody can end the connection. */
  tokenOf(connectionId: Uint8Array): Buffer {
    const { host, port } = this.#local()
    const hmac = createHmac('sha256', this.#secret).update(`${host} ${port} `).update(connectionId)
    return hmac.digest().subarray(0, TOKEN_BYTES)
  }

  /**
   * The reset for a short packet of a connection that nobody here knows. It is shorter than the packet, so that two
   * endpoints which know nothing of each other soon fall silent.
   * @returns undefined when the packet is none, or when there were enough resets in this second
   */
  answer(datagram: Buffer, host: string): Buffer | undefined {
    if (datagram.length < MIN_TRIGGER_BYTES || (datagram[0]! & (LONG_HEADER | FIXED_BIT)) !== FIXED_BIT)
      return
    if (!this.#mayAnswer(host)) return
    const reset = randomBytes(Math.min(datagram.length - 1, MAX_RESET_BYTES))
    reset[0] = (reset[0]! & ~LONG_HEADER) | FIXED_BIT
    this.tokenOf(datagram.subarray(1, 1 + CONNECTION_ID_BYTES)).copy(reset, reset.length - TOKEN_BYTES)
    return reset
  }

  #mayAnswer(host: string): boolean {
    const now = this.#clock.monotonicMs()
    if (now - this.#windowFrom >= WINDOW_MS) {
      this.#windowFrom = now
      this.#sentInAll = 0
      this.#sent.clear()
    }
    if (this.#sentInAll >= MAX_PER_SECOND) return false
    const source = sourceKey(host)
    const before = this.#sent.get(source) ?? 0
    if (before >= MAX_PER_SECOND_AND_SOURCE) return false
    this.#sent.set(source, before + 1)
    this.#sentInAll++
    return true
  }
}
