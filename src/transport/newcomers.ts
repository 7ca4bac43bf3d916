/** Who may start a connection: the source filter, and places for those whose TLS is not done. The same for every engine. */
import type { Clock } from '../clock.js'
import type { ListenOptions } from './engine.js'
import { HalfOpenPool } from './half-open.js'

export class Newcomers {
  /** Datagrams and newcomers that were turned away, since the start. */
  filtered = 0
  halfOpenFull = 0
  tooManyFromIp = 0
  /** Whether `admits` ever says no. */
  readonly filters: boolean
  readonly #admitsSource: (host: string) => boolean
  readonly #halfOpen: HalfOpenPool

  /** @throws LevinError CONFIG for a limit out of range */
  constructor(
    { admitsSource, halfOpenLimits = {}, isKnownSource = () => false }: ListenOptions,
    clock: Clock,
  ) {
    this.filters = admitsSource !== undefined
    this.#admitsSource = admitsSource ?? (() => true)
    this.#halfOpen = new HalfOpenPool(halfOpenLimits, isKnownSource, clock)
  }

  get halfOpen(): number {
    return this.#halfOpen.size
  }

  /** Whether anything is taken from this address; asked about what belongs to no connection. */
  admits(host: string): boolean {
    const admitted = this.#admitsSource(host)
    if (!admitted) this.filtered++
    return admitted
  }

  /** Whether there is a place at all; asked before anything is done about a newcomer. */
  hasRoom(host: string): boolean {
    const hasRoom = this.#halfOpen.hasRoom(host)
    if (!hasRoom) this.halfOpenFull++
    return hasRoom
  }

  /**
   * Takes a place, until `leave`. Only an address that is known to be the sender's may count against it: so it comes
   * after address validation.
   */
  enter(host: string): boolean {
    const entered = this.#halfOpen.enter(host)
    if (!entered) this.tooManyFromIp++
    return entered
  }

  /** TLS is done, or the connection gone. */
  leave(host: string): void {
    this.#halfOpen.leave(host)
  }
}
