import type { QuicStream } from './stream.js'

/**
 * A connection's live streams in the order in which they were opened, which is about the order in which they become
 * readable. The links are in the streams themselves: a Map that every request enters and leaves makes garbage that
 * outlives it (see turn.ts).
 */
export class StreamList {
  #first: QuicStream | undefined
  #last: QuicStream | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): QuicStream | undefined {
    return this.#first
  }

  add(stream: QuicStream): void {
    stream.previous = this.#last
    if (this.#last === undefined) this.#first = stream
    else this.#last.next = stream
    this.#last = stream
    this.#size++
  }

  remove(stream: QuicStream): void {
    const { previous, next } = stream
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    stream.previous = undefined
    stream.next = undefined
    this.#size--
  }

  /** By its id; a look along the list, for the rare case that the order was not enough. */
  find(id: number): QuicStream | undefined {
    let stream = this.#first
    while (stream !== undefined && stream.id !== id) stream = stream.next
    return stream
  }

  /** All streams, as of now. */
  toArray(): QuicStream[] {
    const streams: QuicStream[] = []
    for (let stream = this.#first; stream !== undefined; stream = stream.next) streams.push(stream)
    return streams
  }
}
