/** So many shapes are remembered; more are a stranger's. */
const MOST_SHAPES = 4096
/** Longer keys are not: they are a stranger's too, and would be kept. */
const MOST_UNITS = 64

/**
 * Which keys a map has, in their order. V8 has a record of its own for each of them, which takes a microsecond to make: as
 * long as anything else in a message for its bytes, so that a message may not ask for many.
 */
export class Shape {
  static #empty = new Shape()
  static #count = 0

  /** The key that came next the first time, and the shape with it: nearly always, it is the one that comes again. */
  key: string | undefined
  next: Shape | undefined
  #others: Map<string, Shape> | undefined

  static empty(): Shape {
    return Shape.#empty
  }

  /** The shape with one key more, when it has come before. */
  known(key: string): Shape | undefined {
    return this.key === key ? this.next : this.#others?.get(key)
  }

  /** The shape with a key more that has not come before. */
  add(key: string): Shape {
    if (key.length > MOST_UNITS) return new Shape()
    if (++Shape.#count > MOST_SHAPES) {
      Shape.#empty = new Shape()
      Shape.#count = 0
    }
    const next = new Shape()
    if (this.key === undefined) {
      this.key = key
      this.next = next
    } else {
      this.#others ??= new Map()
      this.#others.set(key, next)
    }
    return next
  }
}
