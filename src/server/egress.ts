import type { Link } from '../transport/link.js'

/**
 * What one connection has of answers that its validator does not take. Above the cap nothing more is written, and no
 * request begun, until it takes some: it waits for itself, and loses nothing.
 */
export class Egress {
  readonly #link: Pick<Link, 'waiting'>
  readonly #capBytes: number
  readonly #waiting: (() => void)[] = []

  constructor(link: Pick<Link, 'waiting'>, capBytes: number) {
    this.#link = link
    this.#capBytes = capBytes
  }

  get isFull(): boolean {
    return this.#link.waiting > this.#capBytes
  }

  /** Runs it when there is room, behind those that wait. */
  whenRoom(run: () => void): void {
    this.#waiting.push(run)
  }

  /** Something was taken, or given up. */
  drained(): void {
    while (this.#waiting.length > 0 && !this.isFull) this.#waiting.shift()!()
  }
}
