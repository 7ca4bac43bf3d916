/** A binary heap that finds its items again, so that any of them can leave or change its rank in O(log n). */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()

  /** @param before whether `a` comes before `b`, as they are now; tell `moved` of what changes its answer */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  /** The first. Ask only when there is one. */
  get first(): T {
    return this.#items[0]!
  }

  add(item: T): void {
    this.#places.set(item, this.#items.push(item) - 1)
    this.#rise(item)
  }

  /** One that is in it. */
  delete(item: T): void {
    const place = this.#places.get(item)!
    this.#places.delete(item)
    const last = this.#items.pop()!
    if (last === item) return
    this.#put(last, place)
    this.moved(last)
  }

  /** One that is in it got another rank. */
  moved(item: T): void {
    this.#rise(item)
    this.#sink(item)
  }

  #rise(item: T): void {
    let place = this.#places.get(item)!
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!this.#before(item, this.#items[above]!)) break
      this.#put(this.#items[above]!, place)
      place = above
    }
    this.#put(item, place)
  }

  #sink(item: T): void {
    const items = this.#items
    let place = this.#places.get(item)!
    for (;;) {
      let below = 2 * place + 1
      if (below >= items.length) break
      if (below + 1 < items.length && this.#before(items[below + 1]!, items[below]!)) below++
      if (!this.#before(items[below]!, item)) break
      this.#put(items[below]!, place)
      place = below
    }
    this.#put(item, place)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    this.#places.set(item, place)
  }
}
