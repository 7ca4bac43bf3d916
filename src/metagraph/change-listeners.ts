/** Who wants to know that something changed. */
export class ChangeListeners {
  readonly #listeners = new Set<{ readonly look: () => void }>()

  /** @returns what takes this listener away again, and no other that is the same function */
  add(look: () => void): () => void {
    const listener = { look }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Calls each of them, also when one before it throws. @throws what the first one threw that did */
  tell(): void {
    const thrown: unknown[] = []
    for (const { look } of [...this.#listeners]) {
      try {
        look()
      } catch (error) {
        thrown.push(error)
      }
    }
    if (thrown.length > 0) throw thrown[0]
  }
}
