/** One try to reach a miner's address: dialling, TLS, handshake. */
import { LevinError, type LevinErrorCode } from '../errors.js'
import type { Dialler } from '../transport/engine.js'
import type { Address, CloseInfo, Link } from '../transport/link.js'
import { CLOSE_CODE, CloseReason } from '../wire/protocol-texts.js'
import type { Reached, Trial } from './connection.js'
import { authenticate } from './handshake.js'
import { MinerConnection } from './miner-connection.js'
import type { ValidatorSettings } from './options.js'

/**
 * It takes longer than this only when datagrams were lost several times in a row, and QUIC waits twice as long for each
 * that follows. A fresh link beside it is through sooner.
 */
const DIAL_AGAIN_MS = 5_000

/** A connection, and who answers on it. */
export interface ReachedByQuic extends Reached {
  readonly hotkey: string
  readonly link: Link
}

/** What one link comes to that another one cannot mend. */
const FINAL: ReadonlySet<LevinErrorCode> = new Set(['HANDSHAKE_REFUSED', 'WRONG_PEER', 'PROTOCOL'])

export class Attempt implements Trial {
  readonly result: Promise<ReachedByQuic>
  readonly beganMs: number
  readonly #address: Address
  readonly #wanted: ReadonlySet<string>
  readonly #settings: ValidatorSettings
  #phase: 'connecting to' | 'the handshake with' = 'connecting to'
  readonly #beforeProof: (() => Promise<void>) | undefined
  readonly #links = new Set<Link>()
  #running = 0
  #resolve!: (reached: ReachedByQuic) => void
  #reject!: (error: LevinError) => void
  readonly #cancelTimer: () => void
  #cancelNext: () => void = () => {}
  #over = false

  /**
   * @param wanted hotkeys of which one must answer; looked at when it does
   * @param timeoutMs for all of it
   * @param beforeProof what is waited for when TLS is done, and before the miner is told who we are
   */
  constructor(
    address: Address,
    wanted: ReadonlySet<string>,
    settings: ValidatorSettings,
    dialler: Promise<Dialler>,
    timeoutMs: number,
    beforeProof?: () => Promise<void>,
  ) {
    this.#address = address
    this.#wanted = wanted
    this.#settings = settings
    this.#beforeProof = beforeProof
    this.beganMs = settings.clock.monotonicMs()
    const { host, port } = address
    this.#cancelTimer = settings.clock.after(timeoutMs, () =>
      this.giveUp(
        new LevinError('TIMED_OUT', `${this.#phase} ${host} port ${port} took over ${timeoutMs} ms`),
      ),
    )
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    dialler.then(
      (ready) => this.#start(ready),
      (error) => this.giveUp(LevinError.from(error, 'CANNOT_CONNECT')),
    )
  }

  /** Whether the miner may have accepted it already. */
  get isProving(): boolean {
    return this.#phase === 'the handshake with'
  }

  /** Dials, and again beside it when that takes long. */
  #start(dialler: Dialler): void {
    if (this.#over) return
    this.#running++
    this.#cancelNext = this.#settings.clock.after(DIAL_AGAIN_MS, () => this.#start(dialler))
    this.#reach(dialler).then(
      (reached) => this.#succeed(reached),
      (error) => this.#failed(LevinError.from(error, 'CANNOT_CONNECT')),
    )
  }

  async #reach(dialler: Dialler): Promise<ReachedByQuic> {
    const link = await this.#established(dialler)
    await this.#beforeProof?.()
    if (this.#over) throw new LevinError('ABORTED', 'given up before the handshake')
    this.#phase = 'the handshake with'
    const settings = this.#settings
    const proven = await authenticate(link, this.#wanted, settings)
    return {
      door: 'quic',
      link,
      ...proven,
      get closed() {
        return link.closed
      },
      connect: ({ host, port }, owner, memory, meterOf) => {
        const axon = { hotkey: proven.hotkey, host, port }
        return new MinerConnection(axon, link, settings, owner, memory, meterOf(axon))
      },
      discard: (reason) => link.close(CLOSE_CODE, reason),
    }
  }

  #established(dialler: Dialler): Promise<Link> {
    const { host, port } = this.#address
    return new Promise((resolve, reject) => {
      const events = {
        onEstablished: () => resolve(link!),
        onClosed: (info: CloseInfo) => reject(cannotConnect(`${host} port ${port}`, info)),
      }
      let link: Link | undefined
      dialler.dial({ host, port }, events).then((dialled) => {
        link = dialled
        if (this.#over) link.close(CLOSE_CODE, CloseReason.clientShutdown)
        else this.#links.add(link)
      }, reject)
    })
  }

  #succeed(reached: ReachedByQuic): void {
    if (this.#over) return
    this.#links.delete(reached.link)
    this.#end(CloseReason.clientShutdown)
    this.#resolve(reached)
  }

  #failed(error: LevinError): void {
    this.#running--
    if (this.#running === 0 || FINAL.has(error.code)) this.giveUp(error)
  }

  /** A link on which no miner proved itself is closed, as btlightning does. */
  giveUp(error: LevinError, reason: CloseReason = CloseReason.noAuthenticatedHotkeys): void {
    if (this.#over) return
    this.#end(reason)
    this.#reject(error)
  }

  #end(reason: CloseReason): void {
    this.#over = true
    this.#cancelTimer()
    this.#cancelNext()
    for (const link of this.#links) link.close(CLOSE_CODE, reason)
  }
}

function cannotConnect(where: string, { reason, code, by }: CloseInfo): LevinError {
  const why = reason === '' ? `QUIC error ${code} (${by})` : reason
  return new LevinError('CANNOT_CONNECT', `cannot connect to ${where}: ${why}`)
}
