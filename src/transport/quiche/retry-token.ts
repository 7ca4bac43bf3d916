/**
 * The token in a Retry packet (RFC 9000, section 8.1.2): who sends it back can receive at the address that it claims.
 * Until then a stranger costs no state (THREATS M2).
 *
 * | bytes | what                                                        |
 * | ----- | ----------------------------------------------------------- |
 * | 4     | `lvn1`                                                      |
 * | 6     | when it expires, in milliseconds of this process's clock    |
 * | 1     | length of the client's first destination id                 |
 * | 20    | that id, filled up with zeros                               |
 * | 16    | HMAC-SHA256 of all that, our connection id, port, IP; cut   |
 *
 * The address and our connection id are not in it: they come with the packet that brings it back.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../clock.js'
import type { Address } from '../link.js'

/** Milliseconds that a token is good for: several round trips on the worst path, and too short to collect them. */
const LIFE_MS = 15_000
/** Milliseconds after which a new key seals; the previous one opens for as long again, which outlives its tokens. */
const KEY_MS = 60_000
const KEY_BYTES = 32

const MAGIC = Buffer.from('lvn1')
const EXPIRY_AT = 4
const EXPIRY_BYTES = 6
const ID_LENGTH_AT = 10
const ID_AT = 11
const MAX_ID = 20
const MAC_AT = ID_AT + MAX_ID
const MAC_BYTES = 16
/** Bytes of every token: another length is not ours. */
export const RETRY_TOKEN_BYTES = MAC_AT + MAC_BYTES

export type Opened =
  | { readonly kind: 'valid'; readonly originalDcid: Buffer }
  /** Not made by a Levin: as if there were none. */
  | { readonly kind: 'foreign' }
  /** Made to look like ours, and expired, tampered with, or from elsewhere. */
  | { readonly kind: 'invalid' }

export class RetryTokens {
  readonly #clock: Clock
  readonly #random: (bytes: number) => Uint8Array
  #key: Uint8Array
  #previousKey: Uint8Array
  #keyFrom: number

  constructor(clock: Clock, random: (bytes: number) => Uint8Array) {
    this.#clock = clock
    this.#random = random
    this.#key = random(KEY_BYTES)
    this.#previousKey = random(KEY_BYTES)
    this.#keyFrom = clock.monotonicMs()
  }

  /**
   * @param originalDcid the destination id of the client's first Initial, 20 bytes at most
   * @param scid the source id of the Retry, which is the destination of the Initial that brings the token back
   */
  seal(originalDcid: Uint8Array, scid: Uint8Array, from: Address): Buffer {
    this.#rotate()
    const token = Buffer.alloc(RETRY_TOKEN_BYTES)
    MAGIC.copy(token)
    token.writeUIntBE(Math.floor(this.#clock.monotonicMs()) + LIFE_MS, EXPIRY_AT, EXPIRY_BYTES)
    token[ID_LENGTH_AT] = originalDcid.length
    token.set(originalDcid, ID_AT)
    mac(this.#key, token, scid, from).copy(token, MAC_AT, 0, MAC_BYTES)
    return token
  }

  /** @param scid the destination id of the packet that brought the token */
  open(token: Buffer, scid: Uint8Array, from: Address): Opened {
    if (token.length !== RETRY_TOKEN_BYTES || token.compare(MAGIC, 0, 4, 0, 4) !== 0)
      return { kind: 'foreign' }
    this.#rotate()
    if (this.#clock.monotonicMs() > token.readUIntBE(EXPIRY_AT, EXPIRY_BYTES)) return { kind: 'invalid' }
    const given = token.subarray(MAC_AT)
    const isOurs = [this.#key, this.#previousKey].some((key) =>
      timingSafeEqual(mac(key, token, scid, from).subarray(0, MAC_BYTES), given),
    )
    if (!isOurs) return { kind: 'invalid' }
    return { kind: 'valid', originalDcid: token.subarray(ID_AT, ID_AT + token[ID_LENGTH_AT]!) }
  }

  #rotate(): void {
    const periods = Math.floor((this.#clock.monotonicMs() - this.#keyFrom) / KEY_MS)
    if (periods < 1) return
    this.#previousKey = periods === 1 ? this.#key : this.#random(KEY_BYTES)
    this.#key = this.#random(KEY_BYTES)
    this.#keyFrom += periods * KEY_MS
  }
}

function mac(key: Uint8Array, token: Buffer, scid: Uint8Array, { host, port }: Address): Buffer {
  return createHmac('sha256', key)
    .update(token.subarray(0, MAC_AT))
    .update(Buffer.from([scid.length, ...scid, port >> 8, port & 0xff]))
    .update(host)
    .digest()
}
