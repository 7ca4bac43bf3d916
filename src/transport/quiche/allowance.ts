/** What a packet carries of a stream, at least. */
const PACKET_CARRIES = 1250
/** What a packet has besides: header, ids, number, tag, the frame's own fields. */
const PACKET_OVERHEAD = 50
const OVERHEAD_SHARE = 0.04

/**
 * How much the engine is given of what was written: never more than it sends at once. When a peer gives a stream up, and
 * bytes of it lie unsent in this engine, the engine keeps the stream, and its slot, until the connection ends: it has
 * counted those bytes as acknowledged, and the end of the stream is before them.
 */
export class Allowance {
  /** Packets that may still be sent in this turn. */
  packets: number
  readonly #perTurn: number
  /** Packets that what the engine was given will take: no two streams share one. */
  #unsent = 0
  /** What packets had besides bytes of streams: the engine counts it only when it next hears something. */
  #overhead = 0

  /** @param perTurn packets that it may send in a turn, so that one peer cannot starve the others */
  constructor(perTurn: number) {
    this.#perTurn = perTurn
    this.packets = perTurn
  }

  get hasUnsent(): boolean {
    return this.#unsent > 0
  }

  /** @param capacity what the engine would take: what flow and congestion control allow */
  room(capacity: number): number {
    const allowed = Math.floor((capacity - this.#overhead - PACKET_OVERHEAD) * (1 - OVERHEAD_SHARE))
    return Math.max(0, Math.min(allowed, (this.packets - this.#unsent) * PACKET_CARRIES))
  }

  gave(bytes: number): void {
    this.#unsent += Math.max(1, Math.ceil(bytes / PACKET_CARRIES))
    this.#overhead += bytes * OVERHEAD_SHARE + PACKET_OVERHEAD
  }

  sentAll(): void {
    this.#unsent = 0
  }

  heard(): void {
    this.#overhead = 0
  }

  /** The turn is over. @returns whether it has sent all that it might */
  renew(): boolean {
    const wasUsedUp = this.packets === 0
    this.packets = this.#perTurn
    return wasUsedUp
  }
}
