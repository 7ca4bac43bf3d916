/** One try to reach an HTTP door: that somebody takes a TCP connection. More is shown by the first answer. */
import { connect, type Socket } from 'node:net'
import type { Door } from '../../doors/door.js'
import { LevinError } from '../../errors.js'
import type { Address } from '../../transport/link.js'
import type { Reached, Trial } from '../connection.js'
import type { ValidatorSettings } from '../options.js'

export class TcpTrial implements Trial {
  readonly result: Promise<Reached>
  readonly beganMs: number
  readonly #socket: Socket
  readonly #cancelTimer: () => void
  #reject!: (error: LevinError) => void

  constructor({ host, port }: Address, door: Exclude<Door, 'quic'>, settings: ValidatorSettings) {
    const { clock, connectTimeoutMs } = settings
    const where = `${host} port ${port} (TCP)`
    this.beganMs = clock.monotonicMs()
    this.#cancelTimer = clock.after(connectTimeoutMs, () =>
      this.giveUp(new LevinError('TIMED_OUT', `connecting to ${where} took over ${connectTimeoutMs} ms`)),
    )
    this.#socket = connect({ host, port })
    this.result = new Promise((resolve, reject) => {
      this.#reject = reject
      this.#socket.once('connect', () => {
        this.#end()
        reachedBy(door, settings).then(resolve, reject)
      })
      this.#socket.on('error', ({ message }) =>
        this.giveUp(new LevinError('CANNOT_CONNECT', `cannot connect to ${where}: ${message}`)),
      )
    })
  }

  giveUp(error: LevinError): void {
    this.#end()
    this.#reject(error)
  }

  #end(): void {
    this.#cancelTimer()
    this.#socket.destroy()
  }
}

/** HTTP is loaded with the first miner that is asked by it. */
async function reachedBy(door: Exclude<Door, 'quic'>, settings: ValidatorSettings): Promise<Reached> {
  const { HttpConnection } = await import('./http-connection.js')
  return {
    door,
    hotkey: undefined,
    clockSkewSeconds: undefined,
    closed: undefined,
    connect: (address, owner, memory, meterOf) =>
      new HttpConnection({ address, door, settings, owner, memory, meterOf }),
    discard: () => {},
  }
}
