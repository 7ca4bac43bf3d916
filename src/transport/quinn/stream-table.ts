import type { QuinnStream } from './stream.js'

/** Steps of client-initiated bidirectional ids (RFC 9000, section 2.1): 0, 4, 8, ... */
const STEP = 4
const FIRST_PLACES = 16
/** More than a peer has open at once. */
const MOST_PLACES = 256

/**
 * A connection's live streams, found by the low bits of their number: ids come in order, so that a place is wanted twice
 * only when a stream is that much older than another. No `Map`, since each request enters and leaves: V8 chains the
 * tables that a busy `Map` outgrows.
 */
export class StreamTable {
  #places: (QuinnStream | undefined)[] = new Array(FIRST_PLACES).fill(undefined)
  /** The few that found their place taken in a table that is large enough. */
  #others: Map<number, QuinnStream> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  find(id: number): QuinnStream | undefined {
    const stream = this.#places[(id / STEP) & (this.#places.length - 1)]
    return stream?.id === id ? stream : this.#others?.get(id)
  }

  add(stream: QuinnStream): void {
    this.#size++
    while (!this.#place(stream)) {
      if (this.#places.length === MOST_PLACES) {
        this.#others ??= new Map()
        this.#others.set(stream.id, stream)
        return
      }
      this.#grow()
    }
  }

  #place(stream: QuinnStream): boolean {
    const place = (stream.id / STEP) & (this.#places.length - 1)
    if (this.#places[place] !== undefined) return false
    this.#places[place] = stream
    return true
  }

  /** Twice as many places: those that had one each have one each again. */
  #grow(): void {
    const streams = this.#places
    this.#places = new Array(streams.length * 2).fill(undefined)
    for (const stream of streams) if (stream !== undefined) this.#place(stream)
  }

  remove(stream: QuinnStream): void {
    const place = (stream.id / STEP) & (this.#places.length - 1)
    if (this.#places[place] === stream) this.#places[place] = undefined
    else if (!this.#others?.delete(stream.id)) return
    this.#size--
  }

  /** All of them, as of now, in the order in which they were opened. */
  toArray(): QuinnStream[] {
    const streams = [...this.#places, ...(this.#others?.values() ?? [])].filter(
      (stream) => stream !== undefined,
    )
    return streams.sort((a, b) => a.id - b.id)
  }
}
