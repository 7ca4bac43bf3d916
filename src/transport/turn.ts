/**
 * Work batched by turns of the event loop. Datagrams are fed to their connection as they come; once a turn each
 * connection that received is processed, then each that has something to send transmits. The two steps are two
 * `setImmediate` callbacks scheduled together, so that the promise continuations which run between them (a handler's
 * answer, the caller's next query) still get into the same transmission, and acknowledgements ride on data.
 * Measured: both per datagram halves the throughput; both in one callback sends a bare acknowledgement an answer.
 *
 * A loop turn may bring many datagrams. They are taken in portions of `PORTION`: a whole turn's worth would let two
 * busy peers work in alternation, each idle while the other goes through its batch.
 */
const PORTION = 8

export interface TurnMember {
  /** Kept by the turn: whether the member is queued already. */
  queuedToProcess: boolean
  queuedToTransmit: boolean
  /** Reads what arrived. */
  process(): void
  /** Sends at most a quantum of packets. @returns true when there is more for the next turn. */
  transmit(): boolean
}

// Arrays and flags, not Sets: a Set that is filled and emptied all the time leaves a chain of dead tables behind, each
// of which keeps its successor and all that it held alive until the next full garbage collection.
export class Turn {
  #received: TurnMember[] = []
  #sending: TurnMember[] = []
  #idle: TurnMember[] = []
  #scheduled = false
  #datagrams = 0
  #portionProcessed = false

  /** To be called for each datagram, before it is given to its connection. */
  nextDatagram(): void {
    if (this.#portionProcessed) {
      // What the portion set off in promise continuations has run between the two datagrams.
      this.#portionProcessed = false
      this.#datagrams = 0
      this.#sendAll()
    } else if (this.#datagrams >= PORTION) {
      this.#portionProcessed = true
      this.#processAll()
    }
    this.#datagrams++
  }

  /** `member` got bytes: process it in this turn, and let it send. */
  received(member: TurnMember): void {
    if (!member.queuedToProcess) {
      member.queuedToProcess = true
      this.#received.push(member)
    }
    this.wantsToSend(member)
  }

  /** `member` has something to send. */
  wantsToSend(member: TurnMember): void {
    if (member.queuedToTransmit) return
    member.queuedToTransmit = true
    this.#sending.push(member)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#process)
    setImmediate(this.#transmit)
  }

  readonly #process = (): void => {
    this.#datagrams = 0
    this.#portionProcessed = false
    this.#processAll()
  }

  readonly #transmit = (): void => {
    this.#scheduled = false
    this.#sendAll()
  }

  #processAll(): void {
    const members = this.#received
    this.#received = this.#idle
    for (const member of members) {
      member.queuedToProcess = false
      member.process()
    }
    members.length = 0
    this.#idle = members
  }

  #sendAll(): void {
    const members = this.#sending
    this.#sending = this.#idle
    for (const member of members) {
      member.queuedToTransmit = false
      if (member.transmit()) this.wantsToSend(member)
    }
    members.length = 0
    this.#idle = members
  }
}
