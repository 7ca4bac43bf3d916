/** Who waits for a free stream, first come, first served. */

/** A place in a line, which whoever has it may leave at any time. */
export class Place<T> {
  readonly value: T
  readonly #line: Line<T>
  /** What is linked may only be changed by the line. */
  before: Place<T> | undefined
  behind: Place<T> | undefined
  #hasLeft = false

  constructor(value: T, line: Line<T>) {
    this.value = value
    this.#line = line
  }

  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#line.close(this)
  }
}

/** Linked, and no Set: one that every call enters and leaves is a table that V8 makes anew over and over. */
export class Line<T> {
  #first: Place<T> | undefined
  #last: Place<T> | undefined

  get first(): Place<T> | undefined {
    return this.#first
  }

  join(value: T): Place<T> {
    const place = new Place(value, this)
    place.before = this.#last
    if (this.#last === undefined) this.#first = place
    else this.#last.behind = place
    this.#last = place
    return place
  }

  /** Called by the place that is left. */
  close({ before, behind }: Place<T>): void {
    if (before === undefined) this.#first = behind
    else before.behind = behind
    if (behind === undefined) this.#last = before
    else behind.before = before
  }
}
