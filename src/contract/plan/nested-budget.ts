/**
 * How many nested objects a request may hold, unless its definition says otherwise: a few milliseconds, for which
 * everybody else waits.
 */
export const DEFAULT_MAX_NESTED = 5_000

/** How much of a request's work may still be done that grows with what a peer puts into it. */
export class NestedBudget {
  #left: number
  readonly #most: number

  /** @param most besides the outermost object */
  constructor(most: number) {
    this.#most = most
    this.#left = most + 1
  }

  /**
   * @param count objects, or values that are checked one by one
   * @throws Error that names the option
   */
  take(count: number): void {
    this.#left -= count
    if (this.#left < 0) {
      throw new Error(
        `more than ${this.#most} nested objects, and values of lists that are checked by more than the common checks; ` +
          "`maxNested` in the synapse's definition says how many there may be",
      )
    }
  }
}
