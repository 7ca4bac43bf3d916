/** One try to reach an address that may answer by several doors: the first of them that answers. */
import type { Door } from '../../doors/door.js'
import { LevinError } from '../../errors.js'
import type { Address } from '../../transport/link.js'
import { CloseReason } from '../../wire/protocol-texts.js'
import type { Attempt } from '../attempt.js'
import type { Reached, Trial } from '../connection.js'
import type { ValidatorSettings } from '../options.js'
import { TcpTrial } from './tcp-trial.js'

/**
 * How long a door has before the next is tried beside it: a handshake across the world, with a datagram lost, is through
 * sooner. Where nobody speaks QUIC, no datagram comes back, and all of the time would be waited out.
 */
const HEAD_START_MS = 1_000

export class DoorsTrial implements Trial {
  readonly result: Promise<Reached>
  readonly beganMs: number
  readonly #address: Address
  readonly #doors: readonly Door[]
  readonly #settings: ValidatorSettings
  readonly #byQuic: () => Attempt
  readonly #running = new Set<Trial>()
  readonly #failures: LevinError[] = []
  #next = 0
  #resolve!: (reached: Reached) => void
  #reject!: (error: LevinError) => void
  #cancelNext: () => void = () => {}
  #over = false

  /**
   * @param doors in the order in which they are tried
   * @param byQuic begins an attempt by QUIC
   */
  constructor(address: Address, doors: readonly Door[], settings: ValidatorSettings, byQuic: () => Attempt) {
    this.#address = address
    this.#doors = doors
    this.#settings = settings
    this.#byQuic = byQuic
    this.beganMs = settings.clock.monotonicMs()
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#tryNext()
  }

  #tryNext(): void {
    this.#cancelNext()
    const door = this.#doors[this.#next++]
    if (door === undefined) {
      if (this.#running.size === 0) this.giveUp(asOne(this.#failures))
      return
    }
    const trial = door === 'quic' ? this.#byQuic() : new TcpTrial(this.#address, door, this.#settings)
    this.#running.add(trial)
    if (this.#next < this.#doors.length)
      this.#cancelNext = this.#settings.clock.after(HEAD_START_MS, () => this.#tryNext())
    trial.result.then(
      (reached) => this.#succeed(trial, reached),
      (error) => {
        this.#running.delete(trial)
        this.#failures.push(LevinError.from(error, 'CANNOT_CONNECT'))
        if (!this.#over) this.#tryNext()
      },
    )
  }

  #succeed(trial: Trial, reached: Reached): void {
    this.#running.delete(trial)
    if (this.#over) {
      reached.discard(CloseReason.clientShutdown)
      return
    }
    this.#end(new LevinError('ABORTED', 'another door answered'), CloseReason.clientShutdown)
    this.#resolve(reached)
  }

  giveUp(error: LevinError, reason?: CloseReason): void {
    if (this.#over) return
    this.#end(error, reason)
    this.#reject(error)
  }

  #end(error: LevinError, reason?: CloseReason): void {
    this.#over = true
    this.#cancelNext()
    for (const trial of this.#running) trial.giveUp(error, reason)
  }
}

/** The first door is the one that is wanted most: its error's code, and what all of them say. */
function asOne(failures: readonly LevinError[]): LevinError {
  const [first] = failures
  if (failures.length === 1) return first!
  return new LevinError(first!.code, failures.map(({ message }) => message).join('; '), { cause: first })
}
