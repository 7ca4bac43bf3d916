/** A chain by its nodes: one connection, used by all in this process who ask the same nodes, each in its turn. */

import { type Clock, inTime } from '../clock.js'
import { LevinError } from '../errors.js'
import { shown } from '../shown.js'
import { Connection } from './connection.js'
import type { ChainSettings } from './options.js'

/** Sends one request. @throws LevinError as `Connection.request` */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

const chains = new WeakMap<Clock, Map<string, Chain>>()

/** The chain of these settings; whoever takes it gives it back with `release`. */
export function takeChain(settings: ChainSettings): Chain {
  const { clock, ...rest } = settings
  let known = chains.get(clock)
  if (known === undefined) {
    known = new Map()
    chains.set(clock, known)
  }
  const key = JSON.stringify(rest)
  let chain = known.get(key)
  if (chain === undefined) {
    const all = known
    chain = new Chain(settings, () => all.delete(key))
    known.set(key, chain)
  }
  chain.take()
  return chain
}

export class Chain {
  readonly #settings: ChainSettings
  readonly #forget: () => void
  #users = 0
  /** Which endpoint is asked. */
  #index = 0
  #connection: Connection | undefined
  /** When each endpoint may be sent something again. */
  readonly #nextAt = new Map<string, number>()
  /** The last turn, settled or not. */
  #turns: Promise<unknown> = Promise.resolve()

  constructor(settings: ChainSettings, forget: () => void) {
    this.#settings = settings
    this.#forget = forget
  }

  take(): void {
    this.#users++
  }

  /** With the last one, the connection is closed, and what is asked at that time fails with ABORTED. */
  release(): void {
    if (--this.#users > 0) return
    this.#forget()
    this.#drop(stopped())
  }

  /**
   * Runs `work` when those who came before are done. When it fails, or takes longer than `syncTimeoutMs`, the connection
   * is given up and the next endpoint gets its turn, until each was tried once.
   * @throws LevinError CONFIG from `work` at once, ABORTED after the last `release`, else what the last endpoint failed with
   */
  turn<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const turn = this.#turns.then(() => this.#tryEach(work))
    this.#turns = turn.catch(() => {}) // who asked hears of it
    return turn
  }

  async #tryEach<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const { endpoints } = this.#settings
    const failures: string[] = []
    let last = stopped()
    for (const _ of endpoints) {
      if (this.#users === 0) throw stopped()
      const endpoint = endpoints[this.#index]!
      try {
        return await this.#try(endpoint, work)
      } catch (error) {
        last = LevinError.from(error)
        if (last.code === 'CONFIG') throw last
        this.#drop(last)
        this.#index = (this.#index + 1) % endpoints.length
        failures.push(`${endpoint}: ${last.message}`)
      }
    }
    if (this.#users === 0) throw stopped()
    throw new LevinError(last.code, failures.join('; '), { cause: last })
  }

  async #try<T>(endpoint: string, work: (ask: Ask) => Promise<T>): Promise<T> {
    const { clock, connectTimeoutMs, syncTimeoutMs } = this.#settings
    const late = (what: string, ms: number) => () => new LevinError('TIMED_OUT', `${what} within ${ms} ms`)
    if (this.#connection === undefined || this.#connection.closed !== undefined) {
      const notOpen = late('it could not be connected', connectTimeoutMs)
      await inTime(clock, connectTimeoutMs, this.#connect(endpoint), notOpen)
    }
    const notDone = late('it did not answer', syncTimeoutMs)
    return inTime(clock, syncTimeoutMs, work(this.#asking(endpoint)), notDone)
  }

  async #connect(endpoint: string): Promise<void> {
    const { genesis } = this.#settings
    await this.#gap(endpoint)
    const connection = await Connection.to(endpoint, this.#settings)
    if (this.#users === 0) return connection.close(stopped())
    this.#connection = connection
    await connection.opened
    if (genesis === undefined) return
    const found = await this.#asking(endpoint)('chain_getBlockHash', [0])
    if (found !== genesis) {
      throw new LevinError(
        'WRONG_PEER',
        `it serves another chain: its genesis is ${shown(JSON.stringify(found), 80)}`,
      )
    }
  }

  /** Who keeps this longer than the connection lives gets errors, and sends nothing to the next one. */
  #asking(endpoint: string): Ask {
    const connection = this.#connection
    return async (method, params) => {
      await this.#gap(endpoint)
      if (connection === undefined || connection !== this.#connection) throw stopped()
      return connection.request(method, params)
    }
  }

  #gap(endpoint: string): Promise<void> {
    const { clock, requestGapMs } = this.#settings
    const now = clock.monotonicMs()
    const at = Math.max(now, this.#nextAt.get(endpoint) ?? now)
    this.#nextAt.set(endpoint, at + requestGapMs)
    if (at === now) return Promise.resolve()
    return new Promise((resolve) => clock.after(at - now, resolve))
  }

  #drop(why: LevinError): void {
    this.#connection?.close(why)
    this.#connection = undefined
  }
}

const stopped = (): LevinError => new LevinError('ABORTED', 'nobody asks the chain any more')
