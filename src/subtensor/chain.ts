/** A chain by its nodes: one connection, used by all in this process who ask the same nodes, each in its turn. */
import { type Clock, inTime } from '../clock.js'
import { LevinError } from '../errors.js'
import { shown } from '../shown.js'
import { Connection } from './connection.js'
import type { ChainSettings } from './options.js'

/** Sends one request. @throws LevinError as `Connection.request` */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** One user's share in it: how long it waits, and how often it asks, is its own. */
export interface Chain {
  /**
   * Runs `work` when those who came before are done. When it fails, or takes longer than `syncTimeoutMs`, the connection
   * is given up and the next endpoint gets its turn, until each was tried once.
   * @throws LevinError CONFIG from `work` at once, ABORTED after the last `release`, else what the last endpoint failed with
   */
  turn<T>(work: (ask: Ask) => Promise<T>): Promise<T>
  /** To be called once. With the last one's, the connection is closed, and what is asked at that time fails with ABORTED. */
  release(): void
}

const chains = new WeakMap<Clock, Map<string, Nodes>>()

/** The chain of these nodes; whoever takes it gives it back with `release`. */
export function takeChain(settings: ChainSettings): Chain {
  const { clock, endpoints, genesis } = settings
  let known = chains.get(clock)
  if (known === undefined) {
    known = new Map()
    chains.set(clock, known)
  }
  const key = JSON.stringify([endpoints, genesis])
  let nodes = known.get(key)
  if (nodes === undefined) {
    const all = known
    nodes = new Nodes(() => all.delete(key))
    known.set(key, nodes)
  }
  return nodes.take(settings)
}

class Nodes {
  readonly #forget: () => void
  readonly #users = new Set<ChainSettings>()
  /** Which endpoint is asked. */
  #index = 0
  #connection: Connection | undefined
  /** Of an answer on that connection: what the one of its users takes who takes most. */
  #mostBytes = 0
  /** When each endpoint was last sent something, or will be. */
  readonly #lastAt = new Map<string, number>()
  /** The last turn, settled or not. */
  #turns: Promise<unknown> = Promise.resolve()

  constructor(forget: () => void) {
    this.#forget = forget
  }

  take(given: ChainSettings): Chain {
    const settings = { ...given } // one user more, also when another has the very same
    this.#users.add(settings)
    return {
      turn: (work) => {
        const turn = this.#turns.then(() => this.#tryEach(settings, work))
        this.#turns = turn.catch(() => {}) // who asked hears of it
        return turn
      },
      release: () => {
        this.#users.delete(settings)
        if (this.#users.size > 0) return
        this.#forget()
        this.#drop(stopped())
      },
    }
  }

  async #tryEach<T>(settings: ChainSettings, work: (ask: Ask) => Promise<T>): Promise<T> {
    const { endpoints } = settings
    const failures: string[] = []
    let last = stopped()
    for (const _ of endpoints) {
      if (this.#users.size === 0) throw stopped()
      const endpoint = endpoints[this.#index]!
      try {
        return await this.#try(endpoint, settings, work)
      } catch (error) {
        last = LevinError.from(error)
        if (last.code === 'CONFIG') throw last
        this.#drop(last)
        this.#index = (this.#index + 1) % endpoints.length
        failures.push(`${endpoint}: ${last.message}`)
      }
    }
    if (this.#users.size === 0) throw stopped()
    throw new LevinError(last.code, failures.join('; '), { cause: last })
  }

  async #try<T>(endpoint: string, settings: ChainSettings, work: (ask: Ask) => Promise<T>): Promise<T> {
    const { clock, connectTimeoutMs, syncTimeoutMs } = settings
    const late = (what: string, ms: number) => () => new LevinError('TIMED_OUT', `${what} within ${ms} ms`)
    const isOpen = this.#connection !== undefined && this.#connection.closed === undefined
    if (!isOpen || this.#mostBytes < settings.maxAnswerBytes) {
      const notOpen = late('it could not be connected', connectTimeoutMs)
      await inTime(clock, connectTimeoutMs, this.#connect(endpoint, settings), notOpen)
    }
    const notDone = late('it did not answer', syncTimeoutMs)
    return inTime(clock, syncTimeoutMs, work(this.#asking(endpoint, settings)), notDone)
  }

  async #connect(endpoint: string, settings: ChainSettings): Promise<void> {
    const { genesis, clock } = settings
    await this.#gap(endpoint, settings)
    this.#drop(stopped()) // one that takes too few bytes for who asks now
    this.#mostBytes = Math.max(...[...this.#users].map((user) => user.maxAnswerBytes))
    const connection = await Connection.to(endpoint, { clock, maxAnswerBytes: this.#mostBytes })
    if (this.#users.size === 0) return connection.close(stopped())
    this.#connection = connection
    await connection.opened
    if (genesis === undefined) return
    const found = await this.#asking(endpoint, settings)('chain_getBlockHash', [0])
    if (found !== genesis) {
      throw new LevinError(
        'WRONG_PEER',
        `it serves another chain: its genesis is ${shown(JSON.stringify(found), 80)}`,
      )
    }
  }

  /** Who keeps this longer than the connection lives gets errors, and sends nothing to the next one. */
  #asking(endpoint: string, settings: ChainSettings): Ask {
    const connection = this.#connection
    return async (method, params) => {
      await this.#gap(endpoint, settings)
      if (connection === undefined || connection !== this.#connection) throw stopped()
      return connection.request(method, params)
    }
  }

  #gap(endpoint: string, { clock, requestGapMs }: ChainSettings): Promise<void> {
    const now = clock.monotonicMs()
    const lastAt = this.#lastAt.get(endpoint)
    const at = lastAt === undefined ? now : Math.max(now, lastAt + requestGapMs)
    this.#lastAt.set(endpoint, at)
    if (at === now) return Promise.resolve()
    return new Promise((resolve) => clock.after(at - now, resolve))
  }

  #drop(why: LevinError): void {
    this.#connection?.close(why)
    this.#connection = undefined
  }
}

const stopped = (): LevinError => new LevinError('ABORTED', 'nobody asks the chain any more')
