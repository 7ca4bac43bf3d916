/** One try to reach a miner's address: dialling, TLS, handshake. */
import { LevinError } from '../errors.js'
import type { Dialler } from '../transport/engine.js'
import type { Address, CloseInfo, Link } from '../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import { authenticate, type Proven } from './handshake.js'
import type { ValidatorSettings } from './options.js'

/** A connection, and who answers on it. */
export interface Reached extends Proven {
  readonly link: Link
}

/** What ends it first wins. */
export class Attempt {
  readonly result: Promise<Reached>
  readonly #address: Address
  #phase: 'connecting to' | 'the handshake with' = 'connecting to'
  #link: Link | undefined
  #reject!: (error: LevinError) => void
  #cancelTimer: () => void
  #over = false

  /**
   * @param wanted hotkeys of which one must answer; looked at when it does
   * @param timeoutMs for all of it
   */
  constructor(
    address: Address,
    wanted: ReadonlySet<string>,
    settings: ValidatorSettings,
    dialler: Promise<Dialler>,
    timeoutMs: number,
  ) {
    this.#address = address
    const { host, port } = address
    this.#cancelTimer = settings.clock.after(timeoutMs, () =>
      this.giveUp(
        new LevinError('TIMED_OUT', `${this.#phase} ${host} port ${port} took over ${timeoutMs} ms`),
      ),
    )
    this.result = new Promise((resolve, reject) => {
      this.#reject = reject
      const succeed = (reached: Reached) => {
        if (this.#over) return
        this.#over = true
        this.#cancelTimer()
        resolve(reached)
      }
      this.#run(wanted, settings, dialler).then(succeed, (error) =>
        this.giveUp(LevinError.from(error, 'CANNOT_CONNECT')),
      )
    })
  }

  async #run(
    wanted: ReadonlySet<string>,
    settings: ValidatorSettings,
    dialler: Promise<Dialler>,
  ): Promise<Reached> {
    const link = await this.#established(await dialler)
    this.#phase = 'the handshake with'
    return { link, ...(await authenticate(link, wanted, settings)) }
  }

  #established(dialler: Dialler): Promise<Link> {
    const { host, port } = this.#address
    return new Promise((resolve, reject) => {
      const events = {
        onEstablished: () => resolve(this.#link!),
        onClosed: (info: CloseInfo) => reject(cannotConnect(`${host} port ${port}`, info)),
      }
      dialler.dial({ host, port }, events).then((link) => {
        this.#link = link
        if (this.#over) link.close(CLOSE_CODE, CloseReason.clientShutdown)
      }, reject)
    })
  }

  /** A link on which no miner proved itself is closed, as btlightning does. */
  giveUp(error: LevinError, reason: CloseReason = CloseReason.noAuthenticatedHotkeys): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimer()
    this.#link?.close(CLOSE_CODE, reason)
    this.#reject(error)
  }
}

function cannotConnect(where: string, { reason, code, by }: CloseInfo): LevinError {
  const why = reason === '' ? `QUIC error ${code} (${by})` : reason
  return new LevinError('CANNOT_CONNECT', `cannot connect to ${where}: ${why}`)
}
