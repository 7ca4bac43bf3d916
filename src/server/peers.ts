import type { Link } from '../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'

/** The validators that are connected, one connection each. */
export class Peers {
  readonly #max: number
  readonly #links = new Map<string, Link>()

  constructor(maxValidators: number) {
    this.#max = maxValidators
  }

  get size(): number {
    return this.#links.size
  }

  /** Whether there is room for `hotkey`: one that is connected may always replace itself. */
  hasRoom(hotkey: string): boolean {
    return this.#links.size < this.#max || this.#links.has(hotkey)
  }

  /** PROTOCOL: the same hotkey on a new connection closes the earlier one. */
  enter(hotkey: string, link: Link): void {
    const earlier = this.#links.get(hotkey)
    this.#links.set(hotkey, link)
    if (earlier !== undefined && earlier !== link) earlier.close(CLOSE_CODE, CloseReason.replaced)
  }

  leave(hotkey: string, link: Link): void {
    if (this.#links.get(hotkey) === link) this.#links.delete(hotkey)
  }
}
