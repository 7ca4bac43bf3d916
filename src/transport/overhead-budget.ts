/**
 * What a peer may send that carries nothing, so that it cannot keep us busy, or have us keep things, with no end:
 * fragments with gaps, frames of no use, packets that come twice. `engine/src/budget.rs` is the same for the other
 * engine.
 */

/** Of the bytes that were delivered, refilled besides: headers, acknowledgements, packets sent again. */
const DELIVERED_BESIDES = 1 / 4
/** For each stream that the peer finished: the smallest request is a datagram and an acknowledgement of our answer. */
const STREAM_BYTES = 256
/** Of the bytes that we send: the peer acknowledges them. */
const SENT_PART = 1 / 4
/** For each datagram that we send, however small: its acknowledgement. */
const DATAGRAM_BYTES = 32
/** What is under way at most of a stream that we give up: its window. */
const GIVEN_UP_BYTES = 4 * 1024 * 1024
const LONGEST_DATAGRAM = 1500

export class OverheadBudget {
  readonly #mostBytes: number
  #leftBytes: number
  /** Bytes that came, and packets that there were, since it was last looked whose bytes they are. */
  #cameBytes = 0
  #packets = 0

  constructor(bytes: number) {
    this.#mostBytes = bytes
    this.#leftBytes = bytes
  }

  /** A datagram came. @returns false when there is nothing left */
  received(bytes: number): boolean {
    this.#cameBytes += bytes
    this.#leftBytes -= bytes
    return this.#leftBytes >= 0
  }

  /**
   * Takes back what was not the peer's: anybody who sees a connection's packets can send more in its name, and none that
   * can be decrypted.
   * @param packets that could, since the start
   * @returns false when there is nothing left
   */
  isOfPeer(packets: number): boolean {
    const most = (packets - this.#packets) * LONGEST_DATAGRAM
    this.#refill(Math.max(0, this.#cameBytes - most))
    this.#cameBytes = 0
    this.#packets = packets
    return this.#leftBytes >= 0
  }

  /** We gave up a stream that we asked for: what is still under way is not the peer's fault. */
  gaveUp(): void {
    this.#refill(GIVEN_UP_BYTES)
  }

  /** Bytes of a stream were given to the owner, who is told whether they were the last. */
  delivered(bytes: number, isLast: boolean): void {
    this.#refill(bytes * (1 + DELIVERED_BESIDES) + (isLast ? STREAM_BYTES : 0))
  }

  /** One datagram. */
  sent(bytes: number): void {
    this.#refill(bytes * SENT_PART + DATAGRAM_BYTES)
  }

  #refill(bytes: number): void {
    this.#leftBytes = Math.min(this.#mostBytes, this.#leftBytes + bytes)
  }
}
