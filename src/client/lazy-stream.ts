/** A stream whose connection is made when the first chunk is asked for. */
export class LazyStream<T> implements AsyncIterableIterator<T> {
  readonly #open: () => Promise<AsyncIterator<T>>
  readonly #onOver: (error?: unknown) => void
  #stream: Promise<AsyncIterator<T>> | undefined
  #over = false

  /** @param onOver told once, if the stream was begun: with what it failed */
  constructor(open: () => Promise<AsyncIterator<T>>, onOver: (error?: unknown) => void) {
    this.#open = open
    this.#onOver = onOver
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#over) return { done: true, value: undefined }
    this.#stream ??= this.#open()
    try {
      const stream = await this.#stream
      if (this.#over) {
        await stream.return?.()
        return { done: true, value: undefined }
      }
      const result = await stream.next()
      if (result.done) this.#end()
      return result
    } catch (error) {
      this.#end(error)
      throw error
    }
  }

  async return(): Promise<IteratorResult<T>> {
    const stream = this.#stream
    this.#end()
    this.#over = true
    // Not waited for: it may be connecting still.
    stream?.then(
      (opened) => opened.return?.(),
      () => {},
    )
    return { done: true, value: undefined }
  }

  #end(error?: unknown): void {
    if (this.#over || this.#stream === undefined) return
    this.#over = true
    this.#onOver(error)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
