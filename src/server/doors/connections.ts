/** TCP connections of the HTTP doors: how many there may be, and who makes room. */
import type { Socket } from 'node:net'
import type { Address } from '../../transport/link.js'
import { sourceKey } from '../../transport/source-key.js'
import type { HttpLimits } from './options.js'
import { addressOf } from './request-head.js'

export class Connections {
  readonly #limits: Pick<HttpLimits, 'connections' | 'connectionsPerAddress'>
  /** On which nobody has proved who he is, the oldest first. */
  readonly #strangers = new Map<string, Socket>()
  /** By where they come from. */
  readonly #all = new Map<string, Socket>()
  readonly #bySource = new Map<string, number>()
  refused = 0

  constructor(limits: Pick<HttpLimits, 'connections' | 'connectionsPerAddress'>) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  /** @param isWelcome whether anything is heard from this address. A connection that is not taken is closed without a word */
  take(socket: Socket, isWelcome: (host: string) => boolean): void {
    const remote = addressOf(socket.remoteAddress, socket.remotePort)
    const { host } = remote
    const key = keyOf(remote)
    const source = sourceKey(host)
    const ofSource = (this.#bySource.get(source) ?? 0) + 1
    if (!isWelcome(host) || ofSource > this.#limits.connectionsPerAddress || !this.#hasRoom()) {
      this.refused++
      socket.destroy()
      return
    }
    this.#bySource.set(source, ofSource)
    this.#all.set(key, socket)
    this.#strangers.set(key, socket)
    socket.once('close', () => {
      // one that made room is forgotten already, and its port may be another's
      if (this.#all.get(key) === socket) this.#forget(key)
      const left = this.#bySource.get(source)! - 1
      if (left === 0) this.#bySource.delete(source)
      else this.#bySource.set(source, left)
    })
  }

  #hasRoom(): boolean {
    if (this.#all.size < this.#limits.connections) return true
    const [oldest] = this.#strangers
    if (oldest === undefined) return false
    const [key, socket] = oldest
    this.#forget(key)
    socket.destroy()
    return true
  }

  #forget(key: string): void {
    this.#all.delete(key)
    this.#strangers.delete(key)
  }

  /** Somebody proved who he is, on the connection from there. */
  trust(remote: Address): void {
    this.#strangers.delete(keyOf(remote))
  }
}

const keyOf = ({ host, port }: Address): string => `${host} ${port}`
